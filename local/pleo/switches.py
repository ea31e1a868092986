"""The switches for all that Pleo leaves open. The first position is the default, the harder reading.

docs/assumptions.md says what each switch means and which belief of the product it tests.
"""

from local.standin.switches import Board, Flag, OneOf, Value

_DOCUMENTED_SCOPES = {
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
_FIRST_COMPANY = "c0000000-0000-4000-8000-000000000001"


class PleoSwitches(Board):
    """The current position of every switch. Numbers are counts, seconds or HTTP statuses, as their names say."""

    batch_equal_account = OneOf("failed", "created")
    events_for = OneOf("card_purchase", "all")
    cancel_event = OneOf("updated", "none")
    non_card_sign = OneOf("unsigned", "signed")
    entry_merchant = OneOf("present", "absent")
    optional_fields = OneOf("missing", "null")
    date_bounds = OneOf("exclusive", "inclusive")
    unsettled_finds = OneOf("undated", "pending")
    unknown_fields = OneOf("refused", "ignored")
    page_cap = Value(0, 1)  # 0: no cap, as requested
    rate_limit_per_minute = Value(600, 20)
    rate_limit_scope = OneOf("client", "company")
    retry_after_seconds = Value(0, 9)  # 0: no header
    requires_configuration = Flag(True)
    subscriptions_outlive_installation = Flag(True)
    consent_ends_older = Flag(True)
    exports_need_activation = Flag(True)
    click_checks_contra_account = Flag(False)
    export_page_wallet = Flag(False)
    jobs_order = OneOf("newest", "oldest")
    export_event = OneOf("v1.export-job.created", "v1.export.job-created", "v2.export-job.created")
    export_expiry_seconds = Value(3600, 600)
    update_while_pending = OneOf("refused", "accepted")
    failed_while_pending = OneOf("refused", "accepted")
    export_nulls = OneOf("refused", "accepted")
    failure_reason_with = OneOf("failed", "any")
    failed_items_return_to = OneOf("queue", "unexported")
    export_negative = OneOf("money_in", "none", "money_out")
    export_value = OneOf("fraction", "integer")
    export_minor_units = OneOf("currency", "hundredth")
    export_date = OneOf("midnight", "moment", "performed")
    net_amount = OneOf("worded", "excluding", "line")
    access_seconds = Value(900, 60)
    refresh_seconds = Value(60 * 24 * 3600, 2 * 24 * 3600)
    code_seconds = Value(60, 10)
    bad_refresh = OneOf("invalid_grant", "invalid_refresh_token")
    auto_consent = Value("", _FIRST_COMPANY, "deny")  # a company's id: consent without a page
    scopes = Value(_DOCUMENTED_SCOPES, {"entries": "accounting-entries:read"}, {"subscriptions": "webhooks:write"})
