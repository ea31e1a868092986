"""`GET /v1/payments/{voucherId}` (https://developers.lexware.io/docs/#payments-endpoint): read-only for partners."""

from local.lexoffice import clock
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.problems import RefusedError
from local.lexoffice.resources import find
from local.lexoffice.voucher_records import StoredVoucher
from local.lexoffice.wire import LexofficeAnswer


def read(call: LexofficeCall) -> LexofficeAnswer:
    """Return the open amount and the payments that settled the rest."""
    voucher = find(call, call.world.vouchers, "Voucher")
    if voucher.status == "unchecked":
        raise RefusedError(406, "No payment information available for this voucher")
    return LexofficeAnswer(200, as_json(voucher))


def as_json(voucher: StoredVoucher) -> dict[str, object]:
    """Return a voucher's payments; `paidDate` only if everything is paid."""
    shown: dict[str, object] = {
        "openAmount": voucher.open_amount,
        "currency": "EUR",
        "paymentStatus": _status(voucher),
        "voucherType": voucher.type,
        "voucherStatus": voucher.status,
        "paymentItems": [
            {
                "paymentItemType": "manualPayment"
                if item.transaction_id is None
                else "partPaymentFinancialTransaction",
                "postingDate": clock.berlin_text(item.posted),
                "amount": item.amount,
                "currency": "EUR",
            }
            for item in voucher.payments
        ],
    }
    if voucher.status in {"paid", "paidoff"} and voucher.payments:
        shown["paidDate"] = clock.berlin_text(max(item.posted for item in voucher.payments))
    return shown


def _status(voucher: StoredVoucher) -> str:
    if not voucher.open_amount:
        return "balanced"
    return "openExpense" if voucher.moves_money_out else "openRevenue"


ENDPOINTS = (Endpoint(method="GET", path="/v1/payments/{id}", scope="payments.read", serve=read),)
