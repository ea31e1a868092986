"""`POST /v1/transaction-assignment-hint`: link a voucher to its line, which may not exist yet.

https://developers.lexware.io/partner/docs/#transaction-assignment-hint-endpoint. A hint cannot be read or deleted.
"""

from local.lexoffice import matching, problems
from local.lexoffice.call import Endpoint, LexofficeCall, require_permission
from local.lexoffice.problems import Violation
from local.lexoffice.reading import Reader
from local.lexoffice.voucher_records import Hint
from local.lexoffice.wire import LexofficeAnswer


def create(call: LexofficeCall) -> LexofficeAnswer:
    """Store the hint, one per voucher for good; the answer echoes it."""
    reader = Reader(call.json_object())
    voucher_id = reader.uuid("voucherId")
    reference, end_to_end = reader.text("externalReference"), reader.text("endToEndId")
    if (reference is None) == (end_to_end is None):
        reader.refuse("externalReference", "INVALID", "genau eines von externalReference und endToEndId ist nötig")
    if reader.violations or voucher_id is None:
        raise problems.invalid(*reader.violations)
    voucher = call.world.vouchers.get(voucher_id)
    if voucher is None:
        raise problems.not_found("Voucher")
    require_permission(call, owner_id=voucher.organization_id)
    if voucher_id in call.world.hints:
        raise problems.invalid(Violation("UNIQUE", "voucherId", "hat schon einen Zuordnungshinweis"))
    call.world.hints[voucher_id] = Hint(
        organization_id=call.organization.id,
        voucher_id=voucher_id,
        external_reference=reference,
        end_to_end_id=end_to_end,
    )
    matching.apply_hints(call.world, call.organization.id)
    echo = {"voucherId": voucher_id, "externalReference": reference, "endToEndId": end_to_end}
    return LexofficeAnswer(
        call.world.switches.hint_status, {name: value for name, value in echo.items() if value is not None}
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/transaction-assignment-hint",
        scope="transaction-assignment-hint.write",
        serve=create,
    ),
)
