"""«Verbundene Apps» in the web app: the connected apps, and the button that revokes the access of one."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.lexoffice.pages import find_organization, missing
from local.lexoffice.rendering import page
from local.lexoffice.world import LexofficeWorld
from local.standin.tokens import Grant


async def apps(request: Request) -> Response:
    """List the organisation's active connections, oldest first."""
    organization = find_organization(request)
    if organization is None:
        return missing(request, "Diese Organisation gibt es nicht.")
    return page(request, "apps.html", organization=organization, section="apps", connections=_living(request))


async def withdraw(request: Request) -> Response:
    """«Zugriff entziehen»: end the connection of the form's `connection_id` if it is active; show the list again."""
    world: LexofficeWorld = request.app.state.world
    form = await request.form()
    for connection in _living(request):
        if connection.id == form.get("connection_id"):
            world.grants.revoke(connection)
    return RedirectResponse(request.url.path, status_code=303)


def _living(request: Request) -> list[Grant]:
    world: LexofficeWorld = request.app.state.world
    return [item for item in world.connections_of(request.path_params["organization_id"]) if not item.revoked]
