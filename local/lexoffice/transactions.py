"""`/v1/finance/transactions` (https://developers.lexware.io/partner/docs/#finance-endpoint).

A batch is accepted as a whole or not at all. A known `externalReference` is not an error: the answer contains the
stored line unchanged, and the new one is silently ignored.
"""

from local.lexoffice import clock, matching, problems
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.problems import RefusedError, Violation
from local.lexoffice.reading import german_amount
from local.lexoffice.records import Transaction
from local.lexoffice.resources import find
from local.lexoffice.transaction_rules import read_transaction
from local.lexoffice.wire import LexofficeAnswer

MAX_BATCH = 25


def create(call: LexofficeCall) -> LexofficeAnswer:
    """Accept up to 25 lines, of any of the organisation's accounts; answer all of them in the order sent."""
    items = call.body
    if not isinstance(items, list):
        raise RefusedError(400, "Malformed JSON request")
    if not items:
        raise problems.invalid(Violation("NOTEMPTY", "", "darf nicht leer sein"))
    if len(items) > MAX_BATCH:
        raise problems.invalid(Violation("SIZE", "", f"maximum of {MAX_BATCH} transactions exceeded"))
    violations: list[Violation] = []
    drafts = []
    for index, item in enumerate(items):
        draft = read_transaction(call, item, prefix=f"[{index}].", violations=violations)
        if draft is not None:
            drafts.append(draft)
    if violations:
        raise problems.invalid(*violations)
    kept = [_keep(call, draft) for draft in drafts]
    matching.apply_hints(call.world, call.organization.id)
    return LexofficeAnswer(201, [as_json(line) for line in kept if line is not None])


def _keep(call: LexofficeCall, draft: Transaction) -> Transaction | None:
    """Store a line, or return the stored one with its reference (None if duplicates are to be omitted)."""
    stored = _duplicate_of(call, draft)
    if stored is None:
        call.world.add_transaction(draft)
        return draft
    call.organization.traffic.silent_duplicates += 1
    return stored if call.world.switches.duplicate_answer == "existing" else None


def _duplicate_of(call: LexofficeCall, draft: Transaction) -> Transaction | None:
    scope = call.world.switches.dedupe
    if draft.external_reference is None:
        return None
    for line in call.world.lines_with_reference(draft.organization_id, draft.external_reference):
        if scope == "organization" or line.account_id == draft.account_id:
            return line
    return None


def read(call: LexofficeCall) -> LexofficeAnswer:
    """Return one line."""
    return LexofficeAnswer(200, as_json(find(call, call.world.transactions, "Transaction")))


def assignments(call: LexofficeCall) -> LexofficeAnswer:
    """List the vouchers and invoices that settle a line."""
    line = find(call, call.world.transactions, "Transaction")
    return LexofficeAnswer(200, [{"id": id_, "type": kind} for id_, kind in line.assignments])


def as_json(line: Transaction) -> dict[str, object]:
    """Return a line; the fee fields only if there is a fee."""
    shown: dict[str, object] = {
        "financialTransactionId": line.id,
        "valueDate": line.value_date and clock.berlin_text(line.value_date),
        "bookingDate": line.booking_date and clock.berlin_text(line.booking_date),
        "transactionDate": clock.berlin_text(line.transaction_date),
        "bookingText": None,
        "purpose": line.purpose,
        "amount": line.amount,
        "openAmount": line.open_amount,
        "amountAsString": german_amount(line.amount),
        "openAmountAsString": german_amount(line.open_amount),
        "additionalInfo": line.additional_info,
        "state": line.state,
        "recipientOrSenderName": line.recipient_or_sender_name,
        "recipientOrSenderEmail": line.recipient_or_sender_email,
        "recipientOrSenderIban": line.recipient_or_sender_iban,
        "recipientOrSenderBic": line.recipient_or_sender_bic,
        "financialAccountId": line.account_id,
        "virtualAccountId": line.virtual_account_id,
        "externalReference": line.external_reference,
        "endToEndId": line.end_to_end_id,
        "ignore": line.invisible,
        "ignoreReason": None,
        "lockVersion": line.lock_version,
        "createdDate": clock.berlin_text(line.created),
        "lastModifiedDate": clock.berlin_text(line.modified),
    }
    if line.fee is not None:
        shown |= {
            "feeAmount": line.fee.amount,
            "feeTaxRatePercentage": line.fee.tax_rate_percentage,
            "feePostingCategoryId": line.fee.posting_category_id,
        }
    return shown


_ONE = "/v1/finance/transactions/{id}"
ENDPOINTS = (
    Endpoint(method="POST", path="/v1/finance/transactions", scope="finance.write", serve=create),
    Endpoint(method="GET", path=_ONE, scope="finance.read", serve=read),
    Endpoint(method="GET", path=f"{_ONE}/assignments", scope="finance.read", serve=assignments),
)
