"""The bookkeeper's pages: «Kategorien» with accounts, tax codes and the contra account; the details of an entry."""

from starlette.requests import Request
from starlette.responses import Response

from local.pleo import bookkeeping, receipts, spending
from local.pleo.documents import MIME_TYPES
from local.pleo.web import company_of, got, line_of, minors_of, posted, view
from local.pleo.wire import Json, not_found
from local.pleo.world import PleoCompany, PleoWorld, world_of


async def categories(request: Request) -> Response:
    """`/categories`: categories and their accounts, what the accounting system sent, and the contra account."""
    world = world_of(request)
    company = company_of(world, request)
    return view(
        world,
        company,
        "categories.html",
        categories=[_category(world, row) for row in _rows(world.categories, company)],
        accounts=_rows(world.accounts, company),
        tax_codes=_rows(world.tax_codes, company),
        contra_account=world.accounts.get(world.contra_accounts.get(company.id, "")),
        problem=request.query_params.get("problem", ""),
    )


async def entry(request: Request) -> Response:
    """`/export/entries/{id}`: category, tax, note, receipts and split of one expense."""
    world = world_of(request)
    row = spending.found(world, request.path_params["entry_id"])
    company = world.company(row["companyId"])
    details = bookkeeping.book(world, row)
    return view(
        world,
        company,
        "entry.html",
        entry=line_of(row) | {"number": details["reconciliation_id"], "note": row["note"] or ""},
        locked=row["exportStatus"] == "EXPORTING",
        account=world.accounts.get(row["accountId"] or ""),
        tax=world.tax_codes.get(row["taxCodeId"] or ""),
        splits=[
            {"amount": each["totalBillValue"], "account": world.accounts.get(each.get("accountId") or "")}
            for each in row["splitItems"]
        ],
        category=details.get("category"),
        categories=_rows(world.categories, company),
        accounts=[each for each in _rows(world.accounts, company) if not each["archived"]],
        tax_codes=[each for each in _rows(world.tax_codes, company) if not each["archived"] and each["code"]],
        files=[{"url": receipts.link(world, each)} | each for each in receipts.of_entry(world, row)],
        kinds=list(MIME_TYPES),
        problem=request.query_params.get("problem", ""),
    )


def add_category(world: PleoWorld, company: PleoCompany, _request: Request, form: dict[str, str]) -> None:
    """Add a category for an account."""
    bookkeeping.add_category(
        world,
        {
            "company_id": company.id,
            "name": form.get("name", "").strip(),
            "account_external_id": form.get("account") or None,
            "tax_code": form.get("tax_code") or None,
        },
    )


def set_contra_account(world: PleoWorld, company: PleoCompany, _request: Request, form: dict[str, str]) -> None:
    """Set «Gegenkonto»."""
    bookkeeping.set_contra_account(world, company, form.get("account") or None)


def code(world: PleoWorld, _company: PleoCompany, request: Request, form: dict[str, str]) -> None:
    """Set category or account, tax code and note of an expense. A category sets its account and tax code too."""
    order: Json = {"note": form.get("note") or None}
    if form.get("category"):
        order["category"] = form["category"]
    if form.get("account"):
        order["account_external_id"] = form["account"]
    if form.get("tax_code"):
        order["tax_code"] = form["tax_code"]
    bookkeeping.describe(world, request.path_params["entry_id"], order)


def add_receipt(world: PleoWorld, _company: PleoCompany, request: Request, form: dict[str, str]) -> None:
    """Add a receipt that the stand-in generates; also after the export, as an employee may."""
    kilobytes = form.get("kilobytes", "").strip()
    size = int(kilobytes) * 1024 if kilobytes.isdecimal() else 0
    order = {"add_files": [{"kind": form.get("kind", "pdf"), "size": size}]}
    bookkeeping.describe(world, request.path_params["entry_id"], order)


def split(world: PleoWorld, company: PleoCompany, request: Request, form: dict[str, str]) -> None:
    """Assign a part of the expense to another account; the rest keeps the first one."""
    row = spending.found(world, request.path_params["entry_id"])
    bill = row["totalBillValue"]
    if bill is None or not form.get("account"):
        raise not_found("Account")
    part = minors_of(form.get("amount", ""), company.currency) * (-1 if bill["minors"] < 0 else 1)
    own = world.accounts.get(row["accountId"] or "")
    own_tax = world.tax_codes.get(row["taxCodeId"] or "")
    rest: Json = {
        "amount": bill["minors"] - part,
        "account_external_id": own["externalId"] if own else None,
        "tax_code": own_tax["code"] if own_tax else None,
    }
    other = {"amount": part, "account_external_id": form["account"], "tax_code": form.get("tax_code") or None}
    bookkeeping.describe(world, row["id"], {"splits": [rest, other]})


def _rows(table: dict[str, Json], company: PleoCompany) -> list[Json]:
    return sorted((row for row in table.values() if row["companyId"] == company.id), key=lambda row: row["name"])


def _category(world: PleoWorld, row: Json) -> Json:
    account = world.accounts.get(row["accountId"] or "")
    tax = world.tax_codes.get(row["taxCodeId"] or "")
    return {"name": row["name"], "account": account["name"] if account else None, "tax": tax["name"] if tax else None}


_ENTRY = "/export/entries/{entry_id}"
ROUTES = [
    got("/categories", categories),
    posted("/categories/add", add_category, "/categories"),
    posted("/categories/contra-account", set_contra_account, "/categories"),
    got(_ENTRY, entry),
    posted(f"{_ENTRY}/code", code, _ENTRY),
    posted(f"{_ENTRY}/receipts", add_receipt, _ENTRY),
    posted(f"{_ENTRY}/split", split, _ENTRY),
]
