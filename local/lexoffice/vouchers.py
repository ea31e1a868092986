"""`/v1/vouchers` (https://developers.lexware.io/docs/#vouchers-endpoint).

A PUT replaces the whole voucher, including its list of files: what is omitted is deleted for good.
"""

import html

from local.lexoffice import clock, problems
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.paging import Paging
from local.lexoffice.problems import RefusedError, Violation
from local.lexoffice.reading import Reader
from local.lexoffice.resources import action_result, find
from local.lexoffice.voucher_records import StoredVoucher
from local.lexoffice.voucher_rules import read_voucher
from local.lexoffice.wire import LexofficeAnswer

# A voucher in any other state is paid, exported or void, and closed to partners.
CHANGEABLE = ("open", "unchecked")


def create(call: LexofficeCall) -> LexofficeAnswer:
    """Store a voucher; it is `open` immediately."""
    reader = Reader(call.json_object())
    status = reader.text("voucherStatus")
    allowed = {"none": (None,), "open": (None, "open"), "unchecked": (None, "open", "unchecked")}
    if status not in allowed[call.world.switches.post_status]:
        reader.refuse("voucherStatus", "invalid_value", "kann nicht gesetzt werden")
    if status == "unchecked" and reader.source.get("taxType") == "net":
        reader.refuse("taxType", "invalid_value", "ungeprüfte Belege sind brutto")
    voucher = read_voucher(call, reader, timestamps=False)
    voucher.status = status or "open"
    call.world.vouchers[voucher.id] = voucher
    call.world.events.emit(voucher.organization_id, "voucher.created", voucher.id)
    answer = action_result(call, voucher, collection="vouchers", version=voucher.version)
    status_code = call.world.switches.voucher_create_status
    return LexofficeAnswer(status_code, answer.body, {"Location": call.location(f"vouchers/{voucher.id}")})


def read(call: LexofficeCall) -> LexofficeAnswer:
    """Return one voucher."""
    return LexofficeAnswer(200, as_json(find(call, call.world.vouchers, "Voucher")))


def update(call: LexofficeCall) -> LexofficeAnswer:
    """Replace a voucher that is still open; 409 if its version is stale."""
    old = find(call, call.world.vouchers, "Voucher")
    reader = Reader(call.json_object())
    version = reader.whole("version", required=True)
    _check_status(reader, old)
    kept = _kept_files(reader, old)
    new = read_voucher(call, reader, timestamps=True)
    if version != old.version:
        raise RefusedError(409, "optimistic_lock_conflict")
    if old.status not in CHANGEABLE or old.payments:
        raise problems.invalid(Violation("invalid_value", "voucherStatus", "Der Beleg kann nicht mehr geändert werden"))
    new.id, new.created, new.version, new.files = old.id, old.created, old.version + 1, kept
    for dropped in set(old.files) - set(kept):
        del call.world.files[dropped]
    call.world.vouchers[new.id] = new
    call.world.events.emit(new.organization_id, "voucher.changed", new.id)
    if old.status != new.status:
        call.world.events.emit(new.organization_id, "voucher.status.changed", new.id)
    return action_result(call, new, collection="vouchers", version=new.version)


def search(call: LexofficeCall) -> LexofficeAnswer:
    """Find vouchers by their exact number (deprecated by lexoffice); an empty number is refused."""
    number = call.query.get("voucherNumber")
    if not number:
        raise problems.RefusedError(
            400, "bad_request_error", [Violation("bad_request_error", "voucherNumber", "fehlt")]
        )
    paging = Paging.of(call)
    found = [
        voucher
        for voucher in call.world.vouchers_of(call.organization.id)
        # The search compares with the text as it is stored: HTML-encoded.
        if html.escape(voucher.number or "", quote=False) == number
    ]
    return LexofficeAnswer(200, paging.envelope([as_json(voucher) for voucher in found]))


def _check_status(reader: Reader, old: StoredVoucher) -> None:
    """Allow a client to set `open` only. An unchecked upload requires it; otherwise the status may be omitted."""
    status = reader.text("voucherStatus")
    if status != "open" and (status is not None or old.status == "unchecked"):
        reader.refuse("voucherStatus", "invalid_value", "kann nicht gesetzt werden")


def _kept_files(reader: Reader, old: StoredVoucher) -> list[str]:
    sent = reader.source.get("files") or []
    if not isinstance(sent, list) or any(id_ not in old.files for id_ in sent):
        reader.refuse("files", "invalid_file_ids", "enthält unbekannte Dateien")
        return []
    return [str(id_) for id_ in sent]


def as_json(voucher: StoredVoucher) -> dict[str, object]:
    """Return a voucher; dates are midnights in Germany."""
    shown: dict[str, object] = {
        "id": voucher.id,
        "organizationId": voucher.organization_id,
        "type": voucher.type,
        "voucherStatus": voucher.status,
        "voucherNumber": voucher.number,
        "voucherDate": clock.midnight_text(voucher.voucher_date),
        "shippingDate": voucher.shipping_date and clock.midnight_text(voucher.shipping_date),
        "dueDate": clock.midnight_text(voucher.due_date),
        "totalGrossAmount": voucher.total,
        "totalTaxAmount": voucher.tax,
        "taxType": voucher.tax_type,
        "useCollectiveContact": voucher.collective_contact,
        "contactId": voucher.contact_id,
        "contactName": voucher.contact_name,
        "remark": voucher.remark,
        "voucherItems": [
            {
                "amount": item.amount,
                "taxAmount": item.tax_amount,
                "taxRatePercent": item.tax_rate,
                "categoryId": item.category_id,
            }
            for item in voucher.items
        ],
        "files": voucher.files,
        "createdDate": clock.berlin_text(voucher.created),
        "updatedDate": clock.berlin_text(voucher.modified),
        "version": voucher.version,
    }
    return {name: value for name, value in shown.items() if value is not None}


_ONE = "/v1/vouchers/{id}"
ENDPOINTS = (
    Endpoint(method="POST", path="/v1/vouchers", scope="vouchers.write", serve=create),
    Endpoint(method="GET", path="/v1/vouchers", scope="vouchers.read", serve=search),
    Endpoint(method="GET", path=_ONE, scope="vouchers.read", serve=read),
    Endpoint(method="PUT", path=_ONE, scope="vouchers.write", serve=update),
)
