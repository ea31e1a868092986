"""Control of the chart: show accounts, tax codes and categories, and change them as an admin does."""

from local.pleo import bookkeeping
from local.pleo.wire import Json
from local.pleo.world import PleoCompany, PleoWorld
from local.standin.control import Command, Order
from local.standin.shape import Field, flag, text

CHANGE = {"company_id": Field(text()), "name": Field(text(least=1)), "archived": Field(flag)}


def chart(order: Order[PleoWorld]) -> Json:
    """Return the whole chart of `?company_id=`, including archived rows."""
    world = order.world
    company = _company(world, order.query.get("company_id"))
    tables = {"accounts": world.accounts, "tax_codes": world.tax_codes, "categories": world.categories}
    return {name: [row for row in table.values() if row["companyId"] == company.id] for name, table in tables.items()}


def touch_account(order: Order[PleoWorld]) -> Json:
    """Rename, archive or delete an account by its external id."""
    world = order.world
    company = _company(world, order.body.get("company_id"))
    account_id = bookkeeping.account_id(world, company.id, order.params["key"])
    row = world.accounts[account_id]
    if order.body.get("delete"):
        del world.accounts[account_id]
    return _apply(row, order.body)


def touch_tax_code(order: Order[PleoWorld]) -> Json:
    """Rename or archive a tax code by its code."""
    company = _company(order.world, order.body.get("company_id"))
    tax_code_id = bookkeeping.tax_code_id(order.world, company.id, order.params["key"])
    return _apply(order.world.tax_codes[tax_code_id], order.body)


def _apply(row: Json, asked: Json) -> Json:
    row.update({name: asked[name] for name in ("name", "archived") if name in asked})
    return row


def _company(world: PleoWorld, company_id: str | None) -> PleoCompany:
    return world.company(company_id or next(iter(world.companies)))


COMMANDS: tuple[Command[PleoWorld], ...] = (
    Command("GET", "/chart", chart),
    Command("POST", "/chart/accounts/{key}", touch_account, CHANGE | {"delete": Field(flag)}),
    Command("POST", "/chart/tax-codes/{key}", touch_tax_code, CHANGE),
)
