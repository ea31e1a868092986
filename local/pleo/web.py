"""Pleo's web app: settings with the lexoffice connection, the wallet, and the helpers of all pages."""

from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from local.pleo import guide, spending
from local.pleo.pages import EXPONENTS, PAGES, page
from local.pleo.wire import Json, PleoRefusal, not_found
from local.pleo.world import PleoCompany, PleoWorld, world_of

STATUS_TEXTS = {
    "DRAFT": "Entwurf",
    "PENDING": "Ausstehend",
    "COMPLETED": "Abgerechnet",
    "COMPLETED_EXTERNALLY": "Außerhalb von Pleo bezahlt",
    "CANCELLED": "Storniert",
    "REJECTED": "Abgelehnt",
    "ERROR": "Fehler",
}
KIND_TEXTS = {
    "CARD_PURCHASE": "Kartenzahlung",
    "CASHBACK": "Cashback",
    "LOAD": "Aufladung",
    "UNLOAD": "Auszahlung",
    "WITHDRAWAL": "Auszahlung",
    "OVERDRAFT": "Überziehung",
    "PLEO_INVOICE": "Pleo-Gebühr",
    "REIMBURSEMENT": "Erstattung an Mitarbeitende",
    "BILL_INVOICE": "Rechnung",
    "BILL_INVOICE_PAYMENT": "Rechnungszahlung",
    "OUT_OF_POCKET": "Privatauslage",
    "MILEAGE": "Kilometergeld",
    "PER_DIEM": "Tagegeld",
}

type Step = Callable[[PleoWorld, PleoCompany, Request, dict[str, str]], None]


async def home(request: Request) -> Response:
    """`/`: the next steps, and the list of companies."""
    world = world_of(request)
    company = company_of(world, request)
    return view(
        world, company, "home.html", steps=guide.steps(world, company), companies=list(world.companies.values())
    )


async def settings(request: Request) -> Response:
    """`/settings`: the link to «Buchhaltung»."""
    world = world_of(request)
    return view(world, company_of(world, request), "settings.html")


async def accounting(request: Request) -> Response:
    """`/settings/accounting`: the accounting systems, and «Verbinden» with lexoffice."""
    world = world_of(request)
    company = company_of(world, request)
    query = urlencode({"company_id": company.id})
    return view(
        world,
        company,
        "accounting.html",
        installation=world.installations.get(company.id),
        connect_url=f"{world.settings.initiation_uri}?{query}",
        status_url=f"{world.settings.settings_uri}?{query}",
    )


async def wallet(request: Request) -> Response:
    """`/wallet`: the balance, a form to pay with a card, and every movement, newest first."""
    world = world_of(request)
    company = company_of(world, request)
    rows = [row for row in reversed(world.entries.values()) if row["companyId"] == company.id]
    return view(
        world,
        company,
        "wallet.html",
        entries=[line_of(row) for row in rows[:200]],
        hidden=max(0, len(rows) - 200),
        balance={"currency": company.currency, "minors": spending.balance(world, company)},
        problem=request.query_params.get("problem", ""),
    )


def pay(world: PleoWorld, company: PleoCompany, _request: Request, form: dict[str, str]) -> None:
    """Pay by card: pending, in the wallet's currency or in a foreign one with the amount charged to the wallet."""
    currency = form.get("currency") or company.currency
    order: Json = {
        "company_id": company.id,
        "merchant": form.get("merchant") or "Muster Bürobedarf",
        "subFamily": form.get("how") or "ONLINE",
    }
    if currency == company.currency:
        order["amount"] = minors_of(form.get("amount", ""), company.currency)
    else:
        original = minors_of(form.get("original_amount", ""), currency)
        billed = minors_of(form.get("amount", ""), company.currency)
        order["transactionValue"] = {"currency": currency, "minors": original}
        order["totalBillValue"] = {"currency": company.currency, "minors": billed}
    spending.create(world, order)


def load(world: PleoWorld, company: PleoCompany, _request: Request, form: dict[str, str]) -> None:
    """Top the wallet up from the bank."""
    _move(world, company, form, "LOAD")


def unload(world: PleoWorld, company: PleoCompany, _request: Request, form: dict[str, str]) -> None:
    """Withdraw to the bank."""
    _move(world, company, form, "UNLOAD")


def settle(world: PleoWorld, _company: PleoCompany, request: Request, form: dict[str, str]) -> None:
    """Settle the payment, with another amount if one is given."""
    row = spending.found(world, request.path_params["entry_id"])
    wallet_currency = world.company(row["companyId"]).currency
    amount = form.get("amount", "").strip()
    spending.settle(world, row["id"], {"billMinors": minors_of(amount, wallet_currency)} if amount else {})


def cancel(world: PleoWorld, _company: PleoCompany, request: Request, _form: dict[str, str]) -> None:
    """Reverse the authorisation."""
    spending.cancel(world, request.path_params["entry_id"], {})


def refund(world: PleoWorld, company: PleoCompany, request: Request, _form: dict[str, str]) -> None:
    """Refund a settled payment: a new entry, negative and settled immediately."""
    row = spending.found(world, request.path_params["entry_id"])
    now = world.clock.stamp()
    values = {
        name: {"currency": row[name]["currency"], "minors": -row[name]["minors"]}
        for name in ("transactionValue", "totalBillValue")
    }
    order = {"company_id": company.id, "merchant": row["merchant"], "subFamily": row["subFamily"]}
    spending.create(world, order | values | {"performedAt": now, "settledAt": now, "status": "COMPLETED"})


def disconnect(world: PleoWorld, company: PleoCompany, _request: Request, _form: dict[str, str]) -> None:
    """Disconnect as the user does: the app's tokens end."""
    world.disconnect(company.id)


def posted(path: str, step: Step, back: str) -> Route:
    """Return the route of a form: run `step` and redirect back to the page, with the error if the step was refused."""

    async def endpoint(request: Request) -> Response:
        world = world_of(request)
        company = company_of(world, request)
        # A box ticked twice is a list; every other field appears once. Lists are joined by blanks, which ids do not
        # contain.
        sent = (await request.form()).multi_items()
        form = {name: " ".join(str(value) for key, value in sent if key == name) for name, _ in sent}
        query = {"company": company.id}
        try:
            step(world, company, request, form)
        except PleoRefusal as refusal:
            query["problem"] = refusal.message
        return RedirectResponse(f"{back.format(**request.path_params)}?{urlencode(query)}", 303)

    return Route(path, endpoint, methods=["POST"])


def got(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Return the route of a page."""
    return Route(path, endpoint, methods=["GET"])


def company_of(world: PleoWorld, request: Request) -> PleoCompany:
    """Return the company of `?company=`, or the first one. Raise PleoRefusal (404) if it is unknown."""
    company_id = request.query_params.get("company") or next(iter(world.companies))
    if company_id not in world.companies:
        raise not_found("Company")
    return world.companies[company_id]


def view(world: PleoWorld, company: PleoCompany, template: str, **context: Any) -> Response:
    """Render a page of a company."""
    return page(world, template, company=company, query=urlencode({"company": company.id}), **context)


def line_of(row: Json) -> Json:
    """Return an entry as a row of a table."""
    kind = KIND_TEXTS.get(row.get("subFamily") or "") or KIND_TEXTS.get(row["family"], row["family"])
    card = row["family"] == "CARD_PURCHASE"
    if card and row["transactionValue"]["minors"] < 0:
        kind = "Erstattung"
    merchant = (row.get("merchant") or {}).get("name", "")
    return {
        "id": row["id"],
        "title": merchant or kind,
        "kind": kind,
        "status": STATUS_TEXTS.get(row["status"], row["status"]),
        "pending": row["status"] == "PENDING",
        "refundable": card and row["status"] == "COMPLETED" and row["transactionValue"]["minors"] > 0,
        "performed": row["performedAt"],
        "settled": row["settledAt"],
        "paid": row["transactionValue"],
        "billed": row["totalBillValue"],
    }


def _move(world: PleoWorld, company: PleoCompany, form: dict[str, str], sub_family: str) -> None:
    amount = minors_of(form.get("amount", ""), company.currency)
    order = {"company_id": company.id, "family": "WALLET", "subFamily": sub_family, "amount": amount}
    spending.create(world, order)


def minors_of(text: str, currency: str) -> int:
    """Parse `1.234,56` or `1234.56` as minor units. Raise PleoRefusal (400) unless it is a positive amount."""
    plain = text.strip().replace(" ", "")
    if "," in plain:
        plain = plain.replace(".", "").replace(",", ".")
    try:
        minors = Decimal(plain).scaleb(EXPONENTS.get(currency, 2))
    except InvalidOperation as error:
        raise PleoRefusal(400, "VALIDATION_FAILED", "Bitte einen Betrag wie 12,34 angeben.") from error
    if not minors.is_finite() or minors != minors.to_integral_value() or minors <= 0:
        raise PleoRefusal(400, "VALIDATION_FAILED", "Bitte einen Betrag größer als null angeben, z. B. 12,34.")
    return int(minors)


_ENTRY = "/wallet/entries/{entry_id}"
ROUTES = [
    got("/", home),
    got("/settings", settings),
    got("/settings/accounting", accounting),
    got("/wallet", wallet),
    *PAGES.stylesheets("pleo.css"),
    posted("/wallet/pay", pay, "/wallet"),
    posted("/wallet/load", load, "/wallet"),
    posted("/wallet/unload", unload, "/wallet"),
    posted(f"{_ENTRY}/settle", settle, "/wallet"),
    posted(f"{_ENTRY}/cancel", cancel, "/wallet"),
    posted(f"{_ENTRY}/refund", refund, "/wallet"),
    posted("/settings/accounting/disconnect", disconnect, "/settings/accounting"),
]
