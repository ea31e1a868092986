"""The bookkeeper's work in Pleo: map categories to accounts, set the contra account, enter the details of entries.

Pleo's API does not write any of this (https://developers.pleo.io/reference/accounts). The web pages and the control
surface do. An entry in an open export job is locked.
"""

from typing import Any

from local.pleo import receipts, spending
from local.pleo.shape import checked
from local.pleo.wire import Json, PleoRefusal, invalid, not_found
from local.pleo.world import PleoCompany, PleoWorld
from local.standin.shape import Field, flag, instant, list_of, mapping, text, whole
from local.standin.wire import new_id

FIRST_BOOK_ID = 4_100_000
USER = {"id": spending.EMPLOYEE_ID, "name": "Erika Muster"}
CODING = {
    "account_external_id": Field(text(), nullable=True),
    "account": Field(mapping, nullable=True),
    "tax_code": Field(text(), nullable=True),
    "tax": Field(mapping, nullable=True),
    "category": Field(text(), nullable=True),
    "tags": Field(list_of(mapping)),
}


SPLIT = CODING | {"amount": Field(whole(), required=True), "original": Field(whole())}
DETAILS = CODING | {
    "splits": Field(list_of(mapping)),
    "note": Field(text(), nullable=True),
    "files": Field(list_of(mapping)),
    "add_files": Field(list_of(mapping)),
    "remove_files": Field(list_of(whole(least=0))),
    "attendees": Field(list_of(text())),
    "user": Field(mapping, nullable=True),
    "team": Field(mapping, nullable=True),
    "vendor": Field(mapping, nullable=True),
    "supplier": Field(mapping, nullable=True),
    "invoice": Field(mapping, nullable=True),
    "service_period": Field(mapping, nullable=True),
    "reconciliation_id": Field(text(least=1)),
    "reconciled_entries": Field(list_of(text()), nullable=True),
    "type": Field(text(least=1)),
    "sub_type": Field(text(), nullable=True),
    "date": Field(instant),
    "silent": Field(flag),
}
# Stored in the entry's book unchanged. The export item takes them from there.
_KEPT = (
    *("account", "tax", "category", "user", "team", "vendor", "supplier", "invoice", "service_period"),
    *("reconciliation_id", "reconciled_entries", "type", "sub_type", "date", "attendees"),
)
CATEGORY = {
    "company_id": Field(text()),
    "name": Field(text(least=1, most=255), required=True),
    "account_external_id": Field(text(), nullable=True),
    "tax_code": Field(text(), nullable=True),
}


def book(world: PleoWorld, entry: Json) -> Json:
    """Return the entry's details that the entries API does not show. The first call assigns its short book id."""
    found: Json = entry.setdefault("_book", {})
    if "reconciliation_id" not in found:
        world.book_ids += 1
        found["reconciliation_id"] = str(FIRST_BOOK_ID + world.book_ids)
    return found


def describe(world: PleoWorld, entry_id: str, order: Json) -> Json:
    """Change an entry's details and send `updated`.

    Raise PleoRefusal: 400 invalid details, 404 unknown entry, 409 while a job contains the entry.
    """
    entry = spending.found(world, entry_id)
    asked = checked(order, DETAILS)
    if entry["exportStatus"] == "EXPORTING":
        raise PleoRefusal(409, "ENTRY_LOCKED", "The entry is part of a running export.")
    fields = _coded(world, entry["companyId"], asked)
    if "splits" in asked:
        fields["splitItems"] = [_split(world, entry, checked(each, SPLIT)) for each in asked["splits"]]
    if "note" in asked:
        fields["note"] = asked["note"]
    _keep(book(world, entry), asked)
    if "files" in asked:
        entry["receiptIds"] = []
    removed = set(asked.get("remove_files", []))
    entry["receiptIds"] = [each for number, each in enumerate(entry["receiptIds"]) if number not in removed]
    for each in [*asked.get("files", []), *asked.get("add_files", [])]:
        receipts.add(world, entry, each)
    spending.change(world, entry_id, fields | ({"silent": True} if asked.get("silent") else {}))
    return entry


def add_category(world: PleoWorld, order: Json) -> Json:
    """Create a category, or change account and tax code of the one with the same name."""
    asked = checked(order, CATEGORY)
    company_id = world.company(asked.get("company_id") or next(iter(world.companies))).id
    row = category_named(world, company_id, asked["name"]) or {"id": new_id(), "companyId": company_id}
    fields = {"name": asked["name"], "accountId": None, "taxCodeId": None} | _coded(world, company_id, asked)
    world.categories[row["id"]] = row | fields
    return world.categories[row["id"]]


def category_named(world: PleoWorld, company_id: str, name: str) -> Json | None:
    """Return the company's category of that name."""
    rows = (row for row in world.categories.values() if row["companyId"] == company_id)
    return next((row for row in rows if row["name"] == name), None)


def set_contra_account(world: PleoWorld, company: PleoCompany, external_id: str | None) -> None:
    """Set «Gegenkonto», the account that represents the wallet in the books; None removes it."""
    if external_id is None:
        world.contra_accounts.pop(company.id, None)
    else:
        world.contra_accounts[company.id] = account_id(world, company.id, external_id)


def account_id(world: PleoWorld, company_id: str, external_id: str) -> str:
    """Return the id of the account with this `external_id`. Raise PleoRefusal (404) if there is none."""
    rows = (row for row in world.accounts.values() if row["companyId"] == company_id)
    return _first(rows, "externalId", external_id, "Account")


def tax_code_id(world: PleoWorld, company_id: str, code: str) -> str:
    """Return the id of the tax code with this code; prefer one in use to an archived one. Raise PleoRefusal (404)."""
    rows = [row for row in world.tax_codes.values() if row["companyId"] == company_id]
    return _first(sorted(rows, key=lambda row: bool(row["archived"])), "code", code, "Tax code")


def _first(rows: Any, field: str, value: str, what: str) -> str:
    row = next((each for each in rows if each[field] == value), None)
    if row is None:
        raise not_found(what)
    return str(row["id"])


def _coded(world: PleoWorld, company_id: str, asked: Json) -> Json:
    fields: Json = {}
    if name := asked.get("category"):
        category = category_named(world, company_id, name)
        if category is None:
            raise not_found("Category")
        fields = {"accountId": category["accountId"], "taxCodeId": category["taxCodeId"]}
    if "account_external_id" in asked:
        external_id = asked["account_external_id"]
        fields["accountId"] = None if external_id is None else account_id(world, company_id, external_id)
    if "tax_code" in asked:
        code = asked["tax_code"]
        fields["taxCodeId"] = None if code is None else tax_code_id(world, company_id, code)
    if "tags" in asked:
        fields["tags"] = asked["tags"]
    return fields


def _keep(details: Json, asked: Json) -> None:
    for chosen, overruled in (("account_external_id", ("account", "category")), ("tax_code", ("tax",))):
        if chosen in asked:
            for name in overruled:
                details.pop(name, None)
    details.update({name: asked[name] for name in _KEPT if name in asked})


def _split(world: PleoWorld, entry: Json, asked: Json) -> Json:
    bill, paid = entry["totalBillValue"], entry["transactionValue"]
    if bill is None:
        raise invalid("An entry without an amount in the wallet's currency cannot be split.")
    now = world.clock.stamp()
    share = asked["amount"] * paid["minors"] // bill["minors"] if bill["minors"] else 0
    row = {
        "id": new_id(),
        "createdAt": now,
        "updatedAt": now,
        "tags": [],
        "totalBillValue": {"currency": bill["currency"], "minors": asked["amount"]},
        "transactionValue": {"currency": paid["currency"], "minors": asked.get("original", share)},
    }
    return row | _coded(world, entry["companyId"], asked) | {f"_{n}": asked[n] for n in CODING if n in asked}
