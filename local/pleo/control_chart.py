"""What the control surface shows of a chart: accounts, tax codes, categories; and what an admin does to them."""

from starlette.requests import Request

from local.pleo import bookkeeping
from local.pleo.control import route
from local.pleo.shape import Field, checked, flag, text
from local.pleo.wire import Json
from local.pleo.world import Company, World

CHANGE = {"company_id": Field(text()), "name": Field(text(least=1)), "archived": Field(flag), "delete": Field(flag)}


async def chart(world: World, request: Request, _body: Json) -> Json:
    """Everything in the chart of `?company_id=`, archived rows included."""
    company = _company(world, request.query_params.get("company_id"))
    tables = {"accounts": world.accounts, "tax_codes": world.tax_codes, "categories": world.categories}
    return {name: [row for row in table.values() if row["companyId"] == company.id] for name, table in tables.items()}


async def touch_account(world: World, request: Request, body: Json) -> Json:
    """Rename, archive or delete an account by its external id."""
    asked = checked(body, CHANGE)
    account_id = bookkeeping.account_id(world, _company(world, asked.get("company_id")).id, _key(request))
    row = world.accounts[account_id]
    if asked.get("delete"):
        del world.accounts[account_id]
    return _changed(row, asked)


async def touch_tax_code(world: World, request: Request, body: Json) -> Json:
    """Rename or archive a tax code by its code."""
    asked = checked(body, CHANGE)
    tax_code_id = bookkeeping.tax_code_id(world, _company(world, asked.get("company_id")).id, _key(request))
    return _changed(world.tax_codes[tax_code_id], asked)


def _changed(row: Json, asked: Json) -> Json:
    row.update({name: asked[name] for name in ("name", "archived") if name in asked})
    return row


def _key(request: Request) -> str:
    key: str = request.path_params["key"]
    return key


def _company(world: World, company_id: str | None) -> Company:
    return world.company(company_id or next(iter(world.companies)))


ROUTES = [
    route("/chart", "GET", chart),
    route("/chart/accounts/{key}", "POST", touch_account),
    route("/chart/tax-codes/{key}", "POST", touch_tax_code),
]
