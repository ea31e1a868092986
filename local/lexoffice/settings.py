"""The start parameters of the stand-in, and the switches for all that lexoffice's documentation leaves open."""

from dataclasses import dataclass

from local.standin.switches import Board, Flag, OneOf, Value

ALL_SCOPES = tuple(
    """
    articles.read articles.write cashbox.read cashbox.write cashbox.delete contacts.read contacts.write
    contacts.bankaccounts.read contacts.bankaccounts.write credit-notes.read credit-notes.write
    delivery-notes.read delivery-notes.write dunnings.read dunnings.write invoices.read invoices.write
    order-confirmations.read order-confirmations.write quotations.read quotations.write
    recurring-templates.read files.read files.write files.status finance.read finance.write finance.delete
    organization.read payments.read profile.read transaction-assignment-hint.write voucherlist.read
    vouchers.read vouchers.write vouchers.sendmail
    """.split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LexofficeSettings:
    """One registered OAuth client, and the address of the stand-in for browsers and clients (no trailing slash)."""

    public_url: str
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...] = ALL_SCOPES
    pleo_url: str = ""  # Pleo's web address, for links; empty if unknown


class LexofficeSwitches(Board):
    """Behaviour that the documentation leaves open. The first position is the default, the harder reading.

    docs/assumptions.md says what each switch means and which belief of the product it tests. Durations are seconds,
    rates are calls per second.
    """

    # OAuth
    client_disabled = Flag(False)
    code_seconds = Value(300, 10)
    access_token_seconds = Value(14399, 60)
    refresh_token_days = Value(730, 2)
    token_rate = Value(5, 0, 1)  # 0 = unlimited
    token_block_seconds = Value(30, 300)
    # Rate limit of the API
    bucket_key = OneOf("organization", "connection", "endpoint", "client")
    bucket_rate = Value(2.0, 0.5)
    bucket_capacity = Value(1.0, 5.0)
    too_many = OneOf("plain", "retry_after_seconds", "retry_after_date", "disguised_as_500")
    # Plans
    missing_bookkeeping_status = OneOf(402, 403)
    # Finance accounts
    account_systems = Value("PaymentProvider", "Pleo")
    account_create_answer = OneOf("action_result", "full")
    account_reference_unique = Flag(False)
    # Finance transactions
    dedupe = OneOf("account", "organization")
    duplicate_answer = OneOf("existing", "omit")
    deactivated_account = OneOf("refuse", "accept")
    purpose_max_length = Value(140, 20)  # 0 = unlimited, here and below
    name_max_length = Value(70, 10)
    reference_max_length = Value(255, 0)
    # Vouchers
    tax_tolerance_cents = Value(0, 1)
    post_status = OneOf("none", "open", "unchecked")
    request_ids = OneOf("errors", "all")
    voucher_create_status = OneOf(200, 201)
    list_delay_seconds = Value(0, 55)
    voucher_number_max_length = Value(60, 4)
    contact_name_max_length = Value(140, 10)
    remark_max_length = Value(1000, 10)
    same_file = OneOf("new", "existing")
    file_on_paid = OneOf("accept", "refuse")
    stored_texts = OneOf("html", "plain")
    # Contacts
    contact_version = OneOf("required", "optional")
    # Hints
    hint_effect = OneOf("proposal", "auto")
    hint_status = OneOf(201, 200)
    # Events
    callback_test = OneOf("any", "success")
    event_copies = Value(1, 3)
    event_parallel = Value(4, 1)
