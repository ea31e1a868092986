"""What the stand-in is started with, and the switches for everything the vendor's documentation leaves open."""

from dataclasses import dataclass
from typing import Literal

from local.standin.switches import SwitchRegistry

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
class Settings:
    """One registered OAuth client and the address people and programs reach the stand-in at (no trailing slash)."""

    public_url: str
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...] = ALL_SCOPES
    pleo_url: str = ""  # where people find Pleo, for links; empty where nobody knows


@dataclass(slots=True, kw_only=True)
class Switches(SwitchRegistry):
    """Behaviour that is open in the documentation; each default is the reading that is harder on a client.

    The README of this folder says what each one means. Durations are seconds, rates are calls per second.
    """

    # OAuth
    relaxed_pkce: bool = False
    client_disabled: bool = False
    code_seconds: int = 300
    access_token_seconds: int = 14399
    refresh_token_days: int = 730
    token_rate: int = 5  # calls per second; 0 = unlimited
    token_block_seconds: int = 30
    # Rate limit of the API
    bucket_key: Literal["organization", "connection", "endpoint", "client"] = "organization"
    bucket_rate: float = 2.0
    bucket_capacity: float = 1.0
    bucket_time_scale: float = 1.0
    too_many: Literal["plain", "retry_after_seconds", "retry_after_date", "disguised_as_500"] = "plain"
    # Plans
    missing_bookkeeping_status: Literal[402, 403] = 402
    # Finance accounts
    account_systems: str = "PaymentProvider"
    account_create_answer: Literal["action_result", "full"] = "action_result"
    account_reference_unique: bool = False
    # Finance transactions
    dedupe: Literal["account", "organization", "off"] = "account"
    duplicate_answer: Literal["existing", "omit"] = "existing"
    deactivated_account: Literal["refuse", "accept"] = "refuse"
    transaction_update: Literal["withdrawn", "offered"] = "withdrawn"
    latest_of_empty: Literal["404", "200", "204"] = "404"
    zero_amount: Literal["refuse", "accept"] = "refuse"
    fee_pairs: Literal["known", "any"] = "known"
    purpose_max_length: int = 140  # 0 = unlimited, here and below
    name_max_length: int = 70
    reference_max_length: int = 255
    # Vouchers
    tax_tolerance_cents: int = 0
    post_status: Literal["none", "open", "unchecked"] = "none"
    request_ids: Literal["errors", "all"] = "errors"
    put_status: Literal["open", "none"] = "open"
    stale_voucher: Literal[409, 406] = 409
    voucher_create_status: Literal[200, 201] = 200
    list_delay_seconds: int = 0
    voucher_number_max_length: int = 60
    contact_name_max_length: int = 140
    remark_max_length: int = 1000
    same_file: Literal["new", "existing"] = "new"
    file_on_paid: Literal["accept", "refuse"] = "accept"
    stored_texts: Literal["html", "plain"] = "html"
    # Contacts
    stale_contact: Literal[406, 409] = 406
    contact_version: Literal["required", "optional"] = "required"
    # Hints
    hint_effect: Literal["proposal", "auto"] = "proposal"
    hint_status: Literal[201, 200] = 201
    hint_unknown_voucher: Literal[404, 406] = 404
    # Events
    callback_test: Literal["any", "success"] = "any"
    event_copies: int = 1
    event_parallel: int = 4
    event_retry_scale: float = 1.0
