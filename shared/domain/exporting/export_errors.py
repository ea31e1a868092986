"""Every way an export can fail, as a person reads it: one stable code, one cause, one fix, in German and English.

Pleo shows `failureReason` on the item; we send the German text with its code, because the readers are German
bookkeepers; docs/errors.md has both languages, one section per code, and a test holds the two together.
`type` is Pleo's `failureReasonType` of an item, `job_type` that of a job, "" where Pleo knows none
(https://developers.pleo.io, Export API v3). Codes are never reused and never renamed.
"""

from dataclasses import dataclass, field

from shared.domain.text import one_line

_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportError:
    """One failure. The texts may name values in braces; `name` is German, `name_en` its English twin."""

    code: str
    type: str
    job_type: str = ""
    cause: str
    fix: str
    cause_en: str
    fix_en: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one expense, or a whole job, is not exported; `values` fill the braces of the texts."""

    error: ExportError
    values: dict[str, str] = field(default_factory=dict)

    @property
    def german(self) -> str:
        """What Pleo shows: cause, fix and code."""
        return self._filled(f"{self.error.cause} {self.error.fix}")

    @property
    def english(self) -> str:
        """The same in English."""
        return self._filled(f"{self.error.cause_en} {self.error.fix_en}")

    def _filled(self, text: str) -> str:
        values = {name: one_line(value, _LONGEST_VALUE) for name, value in self.values.items()}
        return f"{text.format_map(values)} [{self.error.code}]"


ACCOUNT_MISSING = ExportError(
    code="EXP-ACCOUNT-MISSING",
    type="missing_configuration",
    cause="Der Ausgabe ist kein Konto zugeordnet.",
    fix="In Pleo unter «Einstellungen» → «Kategorien» der Kategorie ein lexoffice-Konto zuordnen oder an der Ausgabe "
    "eine andere Kategorie wählen, dann erneut exportieren.",
    cause_en="The expense has no account.",
    fix_en="In Pleo, assign a lexoffice account to the category under Settings → Categories, or choose another "
    "category on the expense; then export again.",
)
ACCOUNT_UNKNOWN = ExportError(
    code="EXP-ACCOUNT-UNKNOWN",
    type="account_unknown",
    cause="Das Konto «{account}» stammt nicht aus der Kategorienliste für Ausgaben von lexoffice.",
    fix="In Pleo der Kategorie ein Konto zuordnen, das aus lexoffice übernommen wurde, dann erneut exportieren.",
    cause_en="The account “{account}” is not one of lexoffice's categories for expenses.",
    fix_en="In Pleo, assign an account that was synced from lexoffice to the category; then export again.",
)
CATEGORY_GONE = ExportError(
    code="EXP-CATEGORY-GONE",
    type="account_unknown",
    cause="Die Kategorie «{account}» gibt es in lexoffice nicht mehr.",
    fix="In Pleo der Kategorie ein anderes lexoffice-Konto zuordnen, dann erneut exportieren.",
    cause_en="lexoffice no longer has the category “{account}”.",
    fix_en="In Pleo, assign another lexoffice account to the category; then export again.",
)
TAX_MISSING = ExportError(
    code="EXP-TAX-MISSING",
    type="missing_configuration",
    cause="Der Ausgabe ist kein Steuersatz zugeordnet.",
    fix="An der Ausgabe in Pleo einen Steuersatz wählen (ohne Vorsteuer: «0 % Vorsteuer»), dann erneut exportieren.",
    cause_en="The expense has no tax code.",
    fix_en="Choose a tax code on the expense in Pleo (without input VAT: “0 % Vorsteuer”); then export again.",
)
TAX_UNKNOWN = ExportError(
    code="EXP-TAX-UNKNOWN",
    type="tax_code_unknown",
    cause="Den Steuersatz «{tax}» kennt lexoffice nicht; möglich sind 19, 7 und 0 % (2020 auch 16 und 5 %).",
    fix="An der Ausgabe in Pleo einen dieser Sätze wählen, bei ausländischer Umsatzsteuer «0 % Vorsteuer», dann erneut "
    "exportieren.",
    cause_en="lexoffice does not know the tax code “{tax}”; it takes 19, 7 and 0 % (for 2020 also 16 and 5 %).",
    fix_en="Choose one of these on the expense in Pleo, “0 % Vorsteuer” for foreign VAT; then export again.",
)
CONTRA_MISSING = ExportError(
    code="EXP-CONTRA-MISSING",
    type="missing_configuration",
    job_type="missing_configuration",
    cause="In Pleo ist kein Gegenkonto eingestellt.",
    fix="In Pleo unter «Einstellungen» → «Buchhaltung» als Gegenkonto «Pleo-Wallet (Bankkonto in lexoffice)» wählen, "
    "dann erneut exportieren.",
    cause_en="No contra account is set in Pleo.",
    fix_en="In Pleo, under Settings → Accounting, choose “Pleo-Wallet (Bankkonto in lexoffice)” as contra account; "
    "then export again.",
)
CONTRA_WRONG = ExportError(
    code="EXP-CONTRA-WRONG",
    type="invalid_configuration",
    job_type="invalid_configuration",
    cause="Das Gegenkonto «{account}» ist nicht das Pleo-Bankkonto in lexoffice.",
    fix="In Pleo unter «Einstellungen» → «Buchhaltung» als Gegenkonto «Pleo-Wallet (Bankkonto in lexoffice)» wählen, "
    "dann erneut exportieren.",
    cause_en="The contra account “{account}” is not the Pleo bank account in lexoffice.",
    fix_en="In Pleo, under Settings → Accounting, choose “Pleo-Wallet (Bankkonto in lexoffice)” as contra account; "
    "then export again.",
)
CONTACT_MISSING = ExportError(
    code="EXP-CONTACT-MISSING",
    type="vendor_unknown",
    cause="Die Kategorie «{account}» verlangt in lexoffice einen Lieferanten, die Ausgabe nennt aber keinen.",
    fix="An der Ausgabe in Pleo einen Lieferanten wählen, dann erneut exportieren.",
    cause_en="The category “{account}” needs a supplier in lexoffice, but the expense names none.",
    fix_en="Choose a supplier on the expense in Pleo; then export again.",
)
SPLIT_NOT_ALLOWED = ExportError(
    code="EXP-SPLIT-NOT-ALLOWED",
    type="validation_failure",
    cause="Die Kategorie «{account}» erlaubt in lexoffice nur einen Steuersatz je Beleg, die Ausgabe hat mehrere.",
    fix="Die Ausgabe in Pleo mit einem Steuersatz oder auf andere Kategorien aufteilen, dann erneut exportieren.",
    cause_en="The category “{account}” allows one tax rate per voucher in lexoffice, but the expense has several.",
    fix_en="Split the expense in Pleo with one tax rate, or over other categories; then export again.",
)
SPLIT_SUM = ExportError(
    code="EXP-SPLIT-SUM",
    type="validation_failure",
    cause="Die Teile der Ausgabe ergeben {parts}, bezahlt wurden {paid}.",
    fix="Die Aufteilung der Ausgabe in Pleo berichtigen, dann erneut exportieren.",
    cause_en="The parts of the expense add up to {parts}, but {paid} was paid.",
    fix_en="Correct the split of the expense in Pleo; then export again.",
)
NEGATIVE_PART = ExportError(
    code="EXP-NEGATIVE-PART",
    type="validation_failure",
    cause="Ein Teil der Ausgabe ist negativ: «{account}», {amount}. lexoffice nimmt solche Teile nicht an.",
    fix="Die Ausgabe in Pleo so aufteilen, dass jeder Teil positiv ist (Abzug beim selben Konto und Steuersatz "
    "verrechnen), dann erneut exportieren.",
    cause_en="A part of the expense is negative: “{account}”, {amount}. lexoffice does not take such parts.",
    fix_en="Split the expense in Pleo so that every part is positive (set a deduction off against the same account and "
    "rate); then export again.",
)
SIGN = ExportError(
    code="EXP-SIGN",
    type="validation_failure",
    cause="Art und Betrag der Ausgabe widersprechen sich: {kind} über {amount}.",
    fix="Diese Ausgabe in lexoffice von Hand erfassen und den Support unterrichten.",
    cause_en="Type and amount of the expense contradict each other: {kind_en} of {amount}.",
    fix_en="Enter this expense in lexoffice by hand and tell support.",
)
CURRENCY = ExportError(
    code="EXP-CURRENCY",
    type="invalid_configuration",
    cause="Das Wallet wird in {currency} geführt; lexoffice bucht nur in Euro.",
    fix="Diese Ausgabe in lexoffice von Hand in Euro erfassen.",
    cause_en="The wallet is kept in {currency}; lexoffice keeps books in euro only.",
    fix_en="Enter this expense in lexoffice by hand, in euro.",
)
REVERSE_CHARGE = ExportError(
    code="EXP-REVERSE-CHARGE",
    type="validation_failure",
    cause="Ausgaben mit Reverse Charge oder innergemeinschaftlichem Erwerb sind für dieses Unternehmen nicht "
    "freigeschaltet.",
    fix="Diese Ausgabe in lexoffice von Hand in der passenden Kategorie erfassen.",
    cause_en="Reverse charge and intra-community expenses are not enabled for this company.",
    fix_en="Enter this expense in lexoffice by hand, in the category made for it.",
)
PAID_PRIVATELY = ExportError(
    code="EXP-PAID-PRIVATELY",
    type="validation_failure",
    cause="{kind}: wird nicht nach lexoffice exportiert, weil nicht aus dem Pleo-Wallet bezahlt wurde.",
    fix="In Pleo den eigenen CSV-Export verwenden und die Ausgabe in lexoffice von Hand erfassen.",
    cause_en="{kind_en}: not exported to lexoffice, because it was not paid from the Pleo wallet.",
    fix_en="Use Pleo's custom CSV export and enter the expense in lexoffice by hand.",
)
REIMBURSEMENT = ExportError(
    code="EXP-REIMBURSEMENT",
    type="validation_failure",
    cause="Rückerstattungen zwischen Unternehmen und Mitarbeitern werden nicht nach lexoffice exportiert.",
    fix="In Pleo den eigenen CSV-Export verwenden und die Zahlung in lexoffice auf dem Pleo-Bankkonto von Hand "
    "erfassen.",
    cause_en="Reimbursements between company and employees are not exported to lexoffice.",
    fix_en="Use Pleo's custom CSV export and enter the payment in lexoffice's Pleo bank account by hand.",
)
TYPE_UNKNOWN = ExportError(
    code="EXP-TYPE-UNKNOWN",
    type="validation_failure",
    cause="Die Art «{type}» ist neu bei Pleo; wie sie zu buchen ist, wird nicht geraten.",
    fix="Diese Ausgabe in lexoffice von Hand erfassen und den Support unterrichten.",
    cause_en="The type “{type}” is new in Pleo; how to book it is not guessed.",
    fix_en="Enter this expense in lexoffice by hand and tell support.",
)
MALFORMED = ExportError(
    code="EXP-MALFORMED",
    type="validation_failure",
    cause="Die Angaben von Pleo zu dieser Ausgabe sind unvollständig ({field}).",
    fix="Die Ausgabe in Pleo öffnen, prüfen und erneut exportieren; bleibt es dabei, den Support unterrichten.",
    cause_en="What Pleo sent about this expense is incomplete ({field}).",
    fix_en="Open and check the expense in Pleo, then export again; if it stays so, tell support.",
)
RECEIPT_TOO_LARGE = ExportError(
    code="EXP-RECEIPT-TOO-LARGE",
    type="receipt_file_size_limit_exceeded",
    cause="Ein Beleg ist {size} groß; lexoffice nimmt höchstens 5 MB.",
    fix="Den Beleg in Pleo durch eine kleinere Datei ersetzen (bis 5 MB), dann erneut exportieren.",
    cause_en="A receipt has {size}; lexoffice takes at most 5 MB.",
    fix_en="Replace the receipt in Pleo by a smaller file (up to 5 MB); then export again.",
)
RECEIPT_TYPE = ExportError(
    code="EXP-RECEIPT-TYPE",
    type="receipt_conversion_failure",
    cause="Ein Beleg hat das Format {type}; lexoffice nimmt PDF, JPG, PNG und XML (E-Rechnung).",
    fix="Den Beleg in Pleo durch ein PDF, JPG oder PNG ersetzen, dann erneut exportieren.",
    cause_en="A receipt is of the type {type}; lexoffice takes PDF, JPG, PNG and XML (e-invoice).",
    fix_en="Replace the receipt in Pleo by a PDF, JPG or PNG; then export again.",
)
RECEIPT_BROKEN = ExportError(
    code="EXP-RECEIPT-BROKEN",
    type="receipt_conversion_failure",
    cause="lexoffice kann eine Belegdatei nicht lesen; sie ist vermutlich beschädigt oder geschützt ({reason}).",
    fix="Die Datei neu speichern oder fotografieren, in Pleo ersetzen und erneut exportieren: Die Buchung steht schon "
    "in lexoffice und erhält die neue Datei.",
    cause_en="lexoffice cannot read a receipt; the file is probably damaged or protected ({reason}).",
    fix_en="Save or photograph the receipt again, replace it in Pleo and export again: the voucher is in lexoffice "
    "already and gets the new file.",
)
RECEIPT_DOWNLOAD = ExportError(
    code="EXP-RECEIPT-DOWNLOAD",
    type="receipt_download_failure",
    cause="Ein Beleg ließ sich nicht aus Pleo laden.",
    fix="In Pleo prüfen, ob sich der Beleg öffnen lässt, dann erneut exportieren.",
    cause_en="A receipt could not be loaded from Pleo.",
    fix_en="Check in Pleo whether the receipt opens; then export again.",
)
RECEIPT_UPLOAD = ExportError(
    code="EXP-RECEIPT-UPLOAD",
    type="receipt_upload_failure",
    cause="Der Beleg ist in lexoffice angelegt, aber eine seiner Dateien fehlt dort noch.",
    fix="Erneut exportieren: Die fehlende Datei wird ergänzt, ein zweiter Beleg entsteht nicht.",
    cause_en="The voucher is in lexoffice, but one of its files is still missing there.",
    fix_en="Export again: the missing file is added, no second voucher is made.",
)
LEXOFFICE_REFUSED = ExportError(
    code="EXP-LEXOFFICE-REFUSED",
    type="accounting_system_validation_failure",
    job_type="validation_failure",
    cause="lexoffice hat den Beleg abgelehnt: {reason}.",
    fix="Konto und Steuersatz der Ausgabe in Pleo prüfen und erneut exportieren; hilft das nicht, den Support fragen.",
    cause_en="lexoffice refused the voucher: {reason}.",
    fix_en="Check account and tax code of the expense in Pleo and export again; if that does not help, ask support.",
)
PERIOD_CLOSED = ExportError(
    code="EXP-PERIOD-CLOSED",
    type="accounting_system_validation_failure",
    cause="Der Zeitraum {month} ist in lexoffice festgeschrieben.",
    fix="Mit dem Steuerberater klären, wie die Ausgabe nachgebucht wird, und sie in lexoffice von Hand erfassen.",
    cause_en="The period {month} is closed in lexoffice.",
    fix_en="Ask the tax adviser how to book the expense, and enter it in lexoffice by hand.",
)
LEXOFFICE_DOWN = ExportError(
    code="EXP-LEXOFFICE-DOWN",
    type="accounting_system_unreachable",
    job_type="accounting_system_unreachable",
    cause="lexoffice war nicht erreichbar.",
    fix="Später erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
    cause_en="lexoffice could not be reached.",
    fix_en="Export again later; vouchers that exist already are not made twice.",
)
LEXOFFICE_TIMEOUT = ExportError(
    code="EXP-LEXOFFICE-TIMEOUT",
    type="accounting_system_timeout",
    job_type="accounting_system_timeout",
    cause="lexoffice hat nicht rechtzeitig geantwortet; ob der Beleg angelegt ist, war nicht festzustellen.",
    fix="Später erneut exportieren: Ein schon angelegter Beleg wird gefunden und nicht doppelt angelegt.",
    cause_en="lexoffice did not answer in time; whether the voucher was made could not be found out.",
    fix_en="Export again later: a voucher that exists is found and not made twice.",
)
LEXOFFICE_BUSY = ExportError(
    code="EXP-LEXOFFICE-BUSY",
    type="accounting_system_rate_limit",
    job_type="accounting_system_rate_limit",
    cause="lexoffice nimmt zurzeit zu wenige Anfragen an, vermutlich belegt sie eine andere verbundene App.",
    fix="In einer Stunde erneut exportieren.",
    cause_en="lexoffice takes too few requests at the moment, probably because another connected app uses them up.",
    fix_en="Export again in an hour.",
)
ACCESS_GONE = ExportError(
    code="EXP-ACCESS-GONE",
    type="accounting_system_authentication_failure",
    job_type="accounting_system_authentication_failure",
    cause="Der Zugriff auf lexoffice ist erloschen.",
    fix="In Pleo unter «Einstellungen» → «Buchhaltung» lexoffice neu verbinden, dann erneut exportieren.",
    cause_en="Access to lexoffice has ended.",
    fix_en="In Pleo, connect lexoffice again under Settings → Accounting; then export again.",
)
PLAN = ExportError(
    code="EXP-PLAN",
    type="authorization_failure",
    job_type="authorization_failure",
    cause="Der lexoffice-Vertrag oder die erteilten Rechte erlauben keine Buchhaltungsbelege.",
    fix="In lexoffice den Vertrag prüfen (mit Buchhaltung), in Pleo lexoffice neu verbinden, dann erneut exportieren.",
    cause_en="The lexoffice plan, or the rights that were granted, does not allow bookkeeping vouchers.",
    fix_en="Check the plan in lexoffice (with bookkeeping), connect lexoffice again in Pleo; then export again.",
)
WALLET_ACCOUNT_GONE = ExportError(
    code="EXP-WALLET-ACCOUNT-GONE",
    type="missing_configuration",
    job_type="missing_configuration",
    cause="Das Pleo-Bankkonto gibt es in lexoffice nicht mehr, oder es ist deaktiviert.",
    fix="Das Konto in lexoffice wieder aktivieren oder in Pleo lexoffice neu verbinden, dann erneut exportieren.",
    cause_en="The Pleo bank account no longer exists in lexoffice, or it is deactivated.",
    fix_en="Activate the account in lexoffice, or connect lexoffice again in Pleo; then export again.",
)
PAUSED = ExportError(
    code="EXP-PAUSED",
    type="authorization_failure",
    job_type="integration_unusable",
    cause="Der Support hat die Übertragung für dieses Unternehmen angehalten.",
    fix="Erneut exportieren, sobald der Support sie freigegeben hat; schon angelegte Belege entstehen nicht doppelt.",
    cause_en="Support has paused the transfer for this company.",
    fix_en="Export again once support has released it; vouchers that exist already are not made twice.",
)
DISCONNECTED = ExportError(
    code="EXP-DISCONNECTED",
    type="authorization_failure",
    job_type="integration_unusable",
    cause="Die Verbindung zwischen Pleo und lexoffice ist getrennt oder noch nicht fertig eingerichtet.",
    fix="In Pleo unter «Einstellungen» → «Buchhaltung» lexoffice verbinden, dann erneut exportieren.",
    cause_en="Pleo and lexoffice are disconnected, or the connection is not complete yet.",
    fix_en="In Pleo, connect lexoffice under Settings → Accounting; then export again.",
)
INTERNAL = ExportError(
    code="EXP-INTERNAL",
    type="unexpected_failure",
    job_type="integration_unusable",
    cause="Bei uns ist ein unerwarteter Fehler aufgetreten; wir sind benachrichtigt.",
    fix="Später erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
    cause_en="An unexpected error occurred on our side; we have been notified.",
    fix_en="Export again later; vouchers that exist already are not made twice.",
)
JOB_EXPIRED = ExportError(
    code="EXP-JOB-EXPIRED",
    type="",
    job_type="job_expired",
    cause="Der Export war nach einer Stunde ohne Fortschritt abgelaufen.",
    fix="Erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
    cause_en="The export expired after an hour without progress.",
    fix_en="Export again; vouchers that exist already are not made twice.",
)
JOB_CANCELLED = ExportError(
    code="EXP-JOB-CANCELLED",
    type="",
    job_type="canceled_by_user",
    cause="Der Export wurde in Pleo abgebrochen; bis dahin angelegte Belege bleiben in lexoffice.",
    fix="Bei Bedarf erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
    cause_en="The export was cancelled in Pleo; vouchers made until then stay in lexoffice.",
    fix_en="Export again if wanted; vouchers that exist already are not made twice.",
)
JOB_ENDED = ExportError(
    code="EXP-JOB-ENDED",
    type="",
    job_type="integration_unusable",
    cause="Pleo hat den Export beendet ({reason}).",
    fix="Erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
    cause_en="Pleo ended the export ({reason}).",
    fix_en="Export again; vouchers that exist already are not made twice.",
)

CATALOGUE: tuple[ExportError, ...] = tuple(value for value in list(globals().values()) if type(value) is ExportError)

# Nothing a bookkeeper has coded: ours, lexoffice's or Pleo's. These raise an alarm, the others are everyday business.
_NOT_THE_CUSTOMERS = frozenset(
    {
        SIGN,
        TYPE_UNKNOWN,
        MALFORMED,
        RECEIPT_DOWNLOAD,
        RECEIPT_UPLOAD,
        LEXOFFICE_REFUSED,
        LEXOFFICE_DOWN,
        LEXOFFICE_TIMEOUT,
        LEXOFFICE_BUSY,
        ACCESS_GONE,
        PLAN,
        WALLET_ACCOUNT_GONE,
        INTERNAL,
        JOB_EXPIRED,
        JOB_ENDED,
    }
)


def fault(error: ExportError) -> str:
    """On whose side an export failed: "customer" (what was coded, attached or decided there) or "system"."""
    return "system" if error in _NOT_THE_CUSTOMERS else "customer"
