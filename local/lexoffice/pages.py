"""The web app of a bookkeeper: organisations, bank accounts with their lines and proposals, categories."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.lexoffice import matching
from local.lexoffice.category_list import StoredCategory
from local.lexoffice.records import Organization
from local.lexoffice.rendering import page
from local.lexoffice.voucher_list import contact_name
from local.lexoffice.world import LexofficeWorld

_STATES = {
    None: "offen",
    "completely_assigned": "zugeordnet",
    "partly_assigned": "teilweise zugeordnet",
    "invisible": "ausgeblendet",
}


def find_organization(request: Request) -> Organization | None:
    """Return the organisation that the path names, if it exists."""
    world: LexofficeWorld = request.app.state.world
    return world.organizations.get(request.path_params["organization_id"])


def missing(request: Request, text: str) -> Response:
    """Return a page that says that there is nothing here."""
    return page(request, "error.html", status=404, error="Nicht gefunden", text=text)


async def home(request: Request) -> Response:
    """Show the list of organisations to choose from."""
    world: LexofficeWorld = request.app.state.world
    return page(request, "home.html", organizations=list(world.organizations.values()))


async def bank(request: Request) -> Response:
    """«Finanzen» → «Bank»: all accounts with the balance that the partner last sent."""
    world: LexofficeWorld = request.app.state.world
    organization = find_organization(request)
    if organization is None:
        return missing(request, "Diese Organisation gibt es nicht.")
    accounts = [(item, len(world.lines_of(item.id))) for item in world.accounts_of(organization.id)]
    return page(request, "bank.html", organization=organization, section="bank", accounts=accounts)


async def account(request: Request) -> Response:
    """One account, tab «Alle Umsätze»: the newest line first."""
    return _account_page(request, tab="umsaetze")


async def suggestions(request: Request) -> Response:
    """One account, tab «Zuordnungsvorschläge»: each voucher beside the line it is proposed for."""
    return _account_page(request, tab="zuordnungsvorschlaege")


async def approve(request: Request) -> Response:
    """Approve the proposal of the form's `voucher_id`, or all of the account (`alle`), and show the tab again."""
    world: LexofficeWorld = request.app.state.world
    organization = find_organization(request)
    if organization is None:
        return missing(request, "Diese Organisation gibt es nicht.")
    form = await request.form()
    for voucher, line in matching.proposals(world, organization.id):
        if line.account_id == request.path_params["account_id"] and (
            "alle" in form or form.get("voucher_id") == voucher.id
        ):
            matching.approve(world, organization.id, voucher.id)
    return RedirectResponse(request.url.path, status_code=303)


def _account_page(request: Request, *, tab: str) -> Response:
    world: LexofficeWorld = request.app.state.world
    organization = find_organization(request)
    found = world.accounts.get(request.path_params["account_id"])
    if organization is None or found is None or found.organization_id != organization.id:
        return missing(request, "Dieses Konto gibt es nicht.")
    proposals = [
        (voucher, contact_name(world, voucher), line)
        for voucher, line in matching.proposals(world, organization.id)
        if line.account_id == found.id
    ]
    lines = sorted(world.lines_of(found.id), key=lambda line: line.transaction_date, reverse=True)
    return page(
        request,
        "account.html",
        organization=organization,
        section="bank",
        account=found,
        tab=tab,
        lines=[
            (line, _STATES[line.state], [(id_, world.vouchers.get(id_)) for id_, _ in line.assignments])
            for line in lines
        ],
        proposals=proposals,
    )


async def categories(request: Request) -> Response:
    """«Kategorien»: the posting categories, expenses first."""
    world: LexofficeWorld = request.app.state.world
    organization = find_organization(request)
    if organization is None:
        return missing(request, "Diese Organisation gibt es nicht.")
    kinds = [
        (title, sorted((item for item in world.categories if item.type == kind), key=_by_group))
        for kind, title in (("outgo", "Ausgaben"), ("income", "Einnahmen"))
    ]
    return page(request, "categories.html", organization=organization, section="kategorien", kinds=kinds)


def _by_group(category: StoredCategory) -> tuple[str, str]:
    return category.group_name, category.name
