"""The web app a bookkeeper clicks through: organisations, bank accounts with their lines, vouchers, categories."""

from starlette.requests import Request
from starlette.responses import Response

from local.lexoffice.category_list import Category
from local.lexoffice.records import Organization
from local.lexoffice.rendering import page
from local.lexoffice.world import World

_STATES = {
    None: "offen",
    "completely_assigned": "zugeordnet",
    "partly_assigned": "teilweise zugeordnet",
    "invisible": "ausgeblendet",
}


def _organization(request: Request) -> Organization | None:
    world: World = request.app.state.world
    return world.organizations.get(request.path_params["organization_id"])


def _missing(request: Request, text: str) -> Response:
    return page(request, "error.html", status=404, error="Nicht gefunden", text=text)


async def home(request: Request) -> Response:
    """Let the person choose an organisation."""
    world: World = request.app.state.world
    return page(request, "home.html", organizations=list(world.organizations.values()))


async def bank(request: Request) -> Response:
    """«Finanzen» → «Bank»: all accounts with the balance the partner last sent."""
    world: World = request.app.state.world
    organization = _organization(request)
    if organization is None:
        return _missing(request, "Diese Organisation gibt es nicht.")
    accounts = [(item, len(world.lines_of(item.id))) for item in world.accounts_of(organization.id)]
    return page(request, "bank.html", organization=organization, section="bank", accounts=accounts)


async def account(request: Request) -> Response:
    """One account, tab «Alle Umsätze»: the newest line first."""
    return _account_page(request, tab="umsaetze")


async def suggestions(request: Request) -> Response:
    """One account, tab «Zuordnungsvorschläge»."""
    return _account_page(request, tab="zuordnungsvorschlaege")


def _account_page(request: Request, *, tab: str) -> Response:
    world: World = request.app.state.world
    organization = _organization(request)
    found = world.accounts.get(request.path_params["account_id"])
    if organization is None or found is None or found.organization_id != organization.id:
        return _missing(request, "Dieses Konto gibt es nicht.")
    lines = sorted(world.lines_of(found.id), key=lambda line: line.transaction_date, reverse=True)
    return page(
        request,
        "account.html",
        organization=organization,
        section="bank",
        account=found,
        tab=tab,
        lines=[(line, _STATES[line.state]) for line in lines],
    )


async def vouchers(request: Request) -> Response:
    """«Belege»."""
    organization = _organization(request)
    if organization is None:
        return _missing(request, "Diese Organisation gibt es nicht.")
    return page(request, "vouchers.html", organization=organization, section="belege")


async def categories(request: Request) -> Response:
    """«Kategorien»: the posting categories, expenses first."""
    world: World = request.app.state.world
    organization = _organization(request)
    if organization is None:
        return _missing(request, "Diese Organisation gibt es nicht.")
    kinds = [
        (title, sorted((item for item in world.categories if item.type == kind), key=_by_group))
        for kind, title in (("outgo", "Ausgaben"), ("income", "Einnahmen"))
    ]
    return page(request, "categories.html", organization=organization, section="kategorien", kinds=kinds)


def _by_group(category: Category) -> tuple[str, str]:
    return category.group_name, category.name
