"""Everything Pleo leaves open as a named switch; the defaults are the harder readings.

`README.md` of this package explains each; `docs/assumptions.md` says which of them the product relies on.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from local.standin.switches import SwitchRegistry

CHOICES: dict[str, tuple[str, ...]] = {
    "batch_equal_account": ("failed", "created"),
    "events_for": ("card_purchase", "all"),
    "cancel_event": ("updated", "none"),
    "non_card_sign": ("unsigned", "signed"),
    "entry_merchant": ("present", "absent"),
    "optional_fields": ("missing", "null"),
    "date_bounds": ("exclusive", "inclusive"),
    "unsettled_finds": ("undated", "pending"),
    "unknown_fields": ("refused", "ignored"),
    "rate_limit_scope": ("client", "company"),
    "jobs_order": ("newest", "oldest"),
    "export_event": ("v1.export-job.created", "v1.export.job-created", "v2.export-job.created"),
    "update_while_pending": ("refused", "accepted"),
    "failed_while_pending": ("refused", "accepted"),
    "export_nulls": ("refused", "accepted"),
    "failure_reason_with": ("failed", "any"),
    "completed_with_failed_items": ("refused", "accepted"),
    "successful_item_changes": ("refused", "accepted"),
    "failed_items_return_to": ("queue", "unexported"),
    "export_negative": ("money_in", "none", "money_out"),
    "export_value": ("fraction", "integer"),
    "export_minor_units": ("currency", "hundredth"),
    "export_date": ("midnight", "moment", "performed"),
    "net_amount": ("worded", "excluding", "line"),
    "file_authorization": ("refused", "ignored"),
    "bad_refresh": ("invalid_grant", "invalid_refresh_token"),
}


def _scopes() -> dict[str, str]:
    return {
        "accounts_read": "accounts:read",
        "accounts_write": "accounts:write",
        "tax_codes_read": "tax-codes:read",
        "tax_codes_write": "tax-codes:write",
        "companies_read": "companies:read",
        "entries": "",
        "receipts": "",
        "export_jobs_read": "export-jobs:read",
        "export_jobs_write": "export-jobs:write",
        "export_items_read": "export-items:read",
        "subscriptions": "",
    }


@dataclass(slots=True)
class Switches(SwitchRegistry):
    """The current position of every switch. Numbers are counts, seconds or HTTP statuses as their names say."""

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = CHOICES

    account_tax_code_must_exist: bool = True
    batch_equal_account: str = "failed"
    events_for: str = "card_purchase"
    cancel_event: str = "updated"
    non_card_sign: str = "unsigned"
    entry_merchant: str = "present"
    optional_fields: str = "missing"
    date_bounds: str = "exclusive"
    unsettled_finds: str = "undated"
    unknown_fields: str = "refused"
    page_maximum: int = 100
    page_default: int = 5
    page_cap: int = 0
    rate_limit_per_minute: int = 600
    rate_limit_scope: str = "client"
    retry_after_seconds: int = 0
    foreign_company_status: int = 404
    requires_configuration: bool = True
    subscriptions_outlive_installation: bool = True
    consent_ends_older: bool = True
    exports_need_activation: bool = True
    click_checks_contra_account: bool = False
    export_page_wallet: bool = False
    jobs_order: str = "newest"
    export_event: str = "v1.export-job.created"
    export_expiry_seconds: int = 3600
    update_while_pending: str = "refused"
    failed_while_pending: str = "refused"
    export_nulls: str = "refused"
    failure_reason_with: str = "failed"
    unknown_job_event: int = 404
    completed_with_failed_items: str = "refused"
    successful_item_changes: str = "refused"
    failed_items_return_to: str = "queue"
    export_negative: str = "money_in"
    export_value: str = "fraction"
    export_minor_units: str = "currency"
    export_date: str = "midnight"
    net_amount: str = "worded"
    file_authorization: str = "refused"
    access_seconds: int = 900
    refresh_seconds: int = 60 * 24 * 3600
    code_seconds: int = 60
    bad_refresh: str = "invalid_grant"
    auto_consent: str = ""
    scopes: dict[str, str] = field(default_factory=_scopes)
