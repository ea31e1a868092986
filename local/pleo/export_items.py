"""Export items: entries as the accounting system receives them (https://developers.pleo.io/reference/export-api).

Signs, the format of numbers, dates and the meaning of `netAmount` are not documented. Switches decide (README.md).
"""

import uuid
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from local.pleo import receipts
from local.pleo.bookkeeping import USER, book
from local.pleo.export_types import MONEY_IN, MONEY_IN_SUB_TYPES, WITH_CONTRA_ACCOUNT, kind_of
from local.pleo.pages import EXPONENTS
from local.pleo.wire import Json
from local.pleo.world import PleoWorld

_INVOICES = frozenset({"invoice", "invoice_payment", "card_invoice"})


def missing_contra_account(world: PleoWorld, entry: Json) -> bool:
    """Return whether the item needs a contra account that is not set."""
    return kind_of(entry)[0] in WITH_CONTRA_ACCOUNT and _contra(world, entry["companyId"]) is None


def item(world: PleoWorld, entry: Json) -> Json:
    """Return the item of an entry, with new file links."""
    details = book(world, entry)
    kind, sub_kind = kind_of(entry)
    moves_in = kind in MONEY_IN or sub_kind in MONEY_IN_SUB_TYPES
    files = [
        {"url": receipts.link(world, row), "type": row["type"], "size": row["size"]}
        for row in receipts.of_entry(world, entry)
    ]
    shown = {
        "_links": {"web": {"exportItem": f"{world.settings.public_url}/export/entries/{entry['id']}"}},
        "accountingEntryId": entry["id"],
        "companyId": entry["companyId"],
        "type": kind,
        "subType": sub_kind,
        "date": _date(world, entry, details),
        "amount": _both(world, entry, moves_in=moves_in),
        "accountingEntryLines": _lines(world, entry, moves_in=moves_in),
        "additionalInformation": {
            "reconciliationId": details["reconciliation_id"],
            "attendees": details.get("attendees") or None,
            "reconciledEntries": details.get("reconciled_entries"),
            "invoiceInformation": _invoice(entry, details, kind),
        },
        "bookkeeping": None,  # only in vendor-based jobs, which a click does not start
        "contraAccount": _contra(world, entry["companyId"]) if kind in WITH_CONTRA_ACCOUNT else None,
        "files": files or None,
        "note": entry.get("note"),
        "servicePeriod": details.get("service_period"),
        "supplier": _supplier(entry, details),
        "vendor": details.get("vendor"),
        "user": details.get("user", USER),
        "team": details.get("team"),
    }
    return shown if world.switches.optional_fields == "null" else _without_nulls(shown)


def _date(world: PleoWorld, entry: Json, details: Json) -> str:
    moment = entry.get("bookkeepingDate") or entry["performedAt"]
    if world.switches.export_date == "performed":
        moment = entry["performedAt"]
    moment = str(details.get("date", moment))
    return f"{moment[:10]}T00:00:00Z" if world.switches.export_date == "midnight" else moment


def _lines(world: PleoWorld, entry: Json, *, moves_in: bool) -> list[Json]:
    details = book(world, entry)
    if not entry["splitItems"]:
        coding = {f"_{name}": details[name] for name in ("account", "tax", "category") if name in details}
        return [_line(world, entry, entry | coding, moves_in=moves_in)]
    return [_line(world, entry, split, moves_in=moves_in) for split in entry["splitItems"]]


def _line(world: PleoWorld, entry: Json, part: Json, *, moves_in: bool) -> Json:
    line = _both(world, part, moves_in=moves_in)
    tax = _tax(world, part, moves_in=moves_in)
    return {
        "accountingEntryLineId": str(uuid.uuid5(uuid.UUID(entry["id"]), part["id"])),
        "lineAmount": line,
        "netAmount": _net(world, part, tax, moves_in=moves_in),
        "account": _account(world, part),
        "tags": [
            {"id": tag.get("tagId"), "code": tag.get("code", ""), "groupCode": tag.get("groupCode", "")}
            for tag in part.get("tags") or []
        ]
        or None,
        "tax": tax,
    }


def _account(world: PleoWorld, part: Json) -> Json | None:
    if "_account" in part:
        raw: Json | None = part["_account"]
        return raw
    row = world.accounts.get(part.get("accountId") or "")
    if row is None:
        return None
    named = part.get("_category") or row["name"]
    return {"id": row["id"], "name": named, "code": row["code"], "identifier": row["externalId"]}


def _tax(world: PleoWorld, part: Json, *, moves_in: bool) -> Json | None:
    code = part.get("_tax") or world.tax_codes.get(part.get("taxCodeId") or "")
    if code is None:
        return None
    rate = Decimal(str(code["rate"]))
    share = rate if code["type"] == "reverse" else rate / (1 + rate)
    return {
        "id": code.get("id", part["id"]),
        "rate": rate,
        "type": code["type"],
        "amount": _both(world, part, moves_in=moves_in, share=share),
        "code": code.get("code"),
        "ingoingTaxAccount": code.get("ingoingTaxAccount"),
        "outgoingTaxAccount": code.get("outgoingTaxAccount"),
    }


def _net(world: PleoWorld, part: Json, tax: Json | None, *, moves_in: bool) -> Json:
    # In Pleo's words an inclusive tax is part of the net amount, an exclusive one is not, and reverse charge was never
    # paid. The net amount is therefore the line without exclusive tax. Accountants would read it the other way round.
    without_tax = {"worded": {"exclusive"}, "excluding": {"exclusive", "inclusive"}, "line": set[str]()}
    if tax is None or tax["type"] not in without_tax[world.switches.net_amount]:
        return _both(world, part, moves_in=moves_in)
    return _both(world, part, moves_in=moves_in, share=1 / (1 + tax["rate"]))


def _both(world: PleoWorld, part: Json, *, moves_in: bool, share: Decimal = Decimal(1)) -> Json:
    paid = part["transactionValue"]
    return {
        "inSupplierCurrency": _money(world, paid, moves_in=moves_in, share=share),
        "inWalletCurrency": _money(world, part.get("totalBillValue") or paid, moves_in=moves_in, share=share),
    }


def _money(world: PleoWorld, money: Json, *, moves_in: bool, share: Decimal) -> Json:
    part = abs(int(money["minors"])) * share
    if world.switches.export_minor_units == "hundredth":
        part = part.scaleb(2 - EXPONENTS.get(money["currency"], 2))
    whole = int(part.quantize(Decimal(1), ROUND_HALF_UP))
    negative = {"money_in": moves_in, "none": False, "money_out": not moves_in}[world.switches.export_negative]
    value = -whole if negative else whole
    # Deliberately a float: the schema says `number`, and a server that stores doubles writes 2677.0.
    form: Any = float(value) if world.switches.export_value == "fraction" else value
    return {"currency": money["currency"], "value": form}


def _contra(world: PleoWorld, company_id: str) -> Json | None:
    row = world.accounts.get(world.contra_accounts.get(company_id, ""))
    if row is None:
        return None
    return {"id": row["id"], "name": row["name"], "code": row["code"], "identifier": row["externalId"]}


def _supplier(entry: Json, details: Json) -> Json | None:
    merchant = entry.get("merchant") or {}
    if "supplier" in details:
        given: Json | None = details["supplier"]
        return given
    if not merchant:
        return None
    return {
        "name": merchant.get("name"),
        "code": None,
        "account": None,
        "categoryCode": merchant.get("merchantCategoryCode"),
        "country": merchant.get("country", "DE"),
        "taxIdentifier": None,
    }


def _invoice(entry: Json, details: Json, kind: str) -> Json | None:
    if "invoice" in details or kind not in _INVOICES:
        given: Json | None = details.get("invoice")
        return given
    day = entry["performedAt"][:10]
    return {
        "invoiceNumber": f"R-{details['reconciliation_id']}",
        "invoiceDate": day,
        "status": "paid",
        "dueDate": None,
        "paymentDate": None,
        "supplierBankAccount": None,
    }


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
