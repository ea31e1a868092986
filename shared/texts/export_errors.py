"""Texts of export errors for bookkeepers: cause and fix per code, in German and English.

Pleo shows the German text with the code on the item. docs/errors.md has both languages; a test compares it with these
texts. Words in braces are the values of the error (shared/domain/exporting/export_errors.py).
"""

from dataclasses import dataclass

from shared.texts.text import Text


@dataclass(frozen=True, slots=True)
class ErrorText:
    """Why the export failed, and what the bookkeeper must do."""

    cause: Text
    fix: Text


EXPORT_ERRORS: dict[str, ErrorText] = {
    "EXP-ACCOUNT-MISSING": ErrorText(
        Text("Der Ausgabe ist kein Konto zugeordnet.", "The expense has no account."),
        Text(
            "In Pleo unter «Einstellungen» → «Kategorien» der Kategorie ein lexoffice-Konto zuordnen oder an der "
            "Ausgabe eine andere Kategorie wählen, dann erneut exportieren.",
            "In Pleo, assign a lexoffice account to the category under Settings → Categories, or choose another "
            "category on the expense; then export again.",
        ),
    ),
    "EXP-ACCOUNT-UNKNOWN": ErrorText(
        Text(
            "Das Konto «{account}» stammt nicht aus der Kategorienliste für Ausgaben von lexoffice.",
            "The account “{account}” is not one of lexoffice's categories for expenses.",
        ),
        Text(
            "In Pleo der Kategorie ein Konto zuordnen, das aus lexoffice übernommen wurde, dann erneut exportieren.",
            "In Pleo, assign an account that was synced from lexoffice to the category; then export again.",
        ),
    ),
    "EXP-CATEGORY-GONE": ErrorText(
        Text(
            "Die Kategorie «{account}» gibt es in lexoffice nicht mehr.",
            "lexoffice no longer has the category “{account}”.",
        ),
        Text(
            "In Pleo der Kategorie ein anderes lexoffice-Konto zuordnen, dann erneut exportieren.",
            "In Pleo, assign another lexoffice account to the category; then export again.",
        ),
    ),
    "EXP-TAX-MISSING": ErrorText(
        Text("Der Ausgabe ist kein Steuersatz zugeordnet.", "The expense has no tax code."),
        Text(
            "An der Ausgabe in Pleo einen Steuersatz wählen (ohne Vorsteuer: «0 % Vorsteuer»), dann erneut "
            "exportieren.",
            "Choose a tax code on the expense in Pleo (without input VAT: “0 % Vorsteuer”); then export again.",
        ),
    ),
    "EXP-TAX-UNKNOWN": ErrorText(
        Text(
            "Den Steuersatz «{tax}» kennt lexoffice nicht; möglich sind 19, 7 und 0 % (2020 auch 16 und 5 %).",
            "lexoffice does not know the tax code “{tax}”; it takes 19, 7 and 0 % (for 2020 also 16 and 5 %).",
        ),
        Text(
            "An der Ausgabe in Pleo einen dieser Sätze wählen, bei ausländischer Umsatzsteuer «0 % Vorsteuer», dann "
            "erneut exportieren.",
            "Choose one of these on the expense in Pleo, “0 % Vorsteuer” for foreign VAT; then export again.",
        ),
    ),
    "EXP-CONTRA-MISSING": ErrorText(
        Text("In Pleo ist kein Gegenkonto eingestellt.", "No contra account is set in Pleo."),
        Text(
            "In Pleo unter «Einstellungen» → «Buchhaltung» als Gegenkonto «Pleo-Wallet (Bankkonto in lexoffice)» "
            "wählen, dann erneut exportieren.",
            "In Pleo, under Settings → Accounting, choose “Pleo-Wallet (Bankkonto in lexoffice)” as contra account; "
            "then export again.",
        ),
    ),
    "EXP-CONTRA-WRONG": ErrorText(
        Text(
            "Das Gegenkonto «{account}» ist nicht das Pleo-Konto in lexoffice.",
            "The contra account “{account}” is not the Pleo account in lexoffice.",
        ),
        Text(
            "In Pleo unter «Einstellungen» → «Buchhaltung» als Gegenkonto «Pleo-Wallet (Bankkonto in lexoffice)» "
            "wählen, dann erneut exportieren.",
            "In Pleo, under Settings → Accounting, choose “Pleo-Wallet (Bankkonto in lexoffice)” as contra account; "
            "then export again.",
        ),
    ),
    "EXP-CONTACT-MISSING": ErrorText(
        Text(
            "Die Kategorie «{account}» verlangt in lexoffice einen Lieferanten, die Ausgabe nennt aber keinen.",
            "The category “{account}” needs a supplier in lexoffice, but the expense names none.",
        ),
        Text(
            "An der Ausgabe in Pleo einen Lieferanten wählen, dann erneut exportieren.",
            "Choose a supplier on the expense in Pleo; then export again.",
        ),
    ),
    "EXP-SPLIT-NOT-ALLOWED": ErrorText(
        Text(
            "Die Kategorie «{account}» erlaubt in lexoffice nur einen Steuersatz je Beleg, die Ausgabe hat mehrere.",
            "The category “{account}” allows one tax rate per voucher in lexoffice, but the expense has several.",
        ),
        Text(
            "Die Ausgabe in Pleo mit einem Steuersatz oder auf andere Kategorien aufteilen, dann erneut exportieren.",
            "Split the expense in Pleo with one tax rate, or over other categories; then export again.",
        ),
    ),
    "EXP-SPLIT-SUM": ErrorText(
        Text(
            "Die Teile der Ausgabe ergeben {parts}, bezahlt wurden {paid}.",
            "The parts of the expense add up to {parts}, but {paid} was paid.",
        ),
        Text(
            "Die Aufteilung der Ausgabe in Pleo berichtigen, dann erneut exportieren.",
            "Correct the split of the expense in Pleo; then export again.",
        ),
    ),
    "EXP-NEGATIVE-PART": ErrorText(
        Text(
            "Ein Teil der Ausgabe ist negativ: «{account}», {amount}. lexoffice nimmt solche Teile nicht an.",
            "A part of the expense is negative: “{account}”, {amount}. lexoffice does not take such parts.",
        ),
        Text(
            "Die Ausgabe in Pleo so aufteilen, dass jeder Teil positiv ist (Abzug beim selben Konto und Steuersatz "
            "verrechnen), dann erneut exportieren.",
            "Split the expense in Pleo so that every part is positive (set a deduction off against the same account "
            "and rate); then export again.",
        ),
    ),
    "EXP-SIGN": ErrorText(
        Text(
            "Art und Betrag der Ausgabe widersprechen sich: {kind} über {amount}.",
            "Type and amount of the expense contradict each other: {kind} of {amount}.",
        ),
        Text(
            "Diese Ausgabe in lexoffice von Hand erfassen und den Support unterrichten.",
            "Enter this expense in lexoffice by hand and tell support.",
        ),
    ),
    "EXP-CURRENCY": ErrorText(
        Text(
            "Das Wallet wird in {currency} geführt; lexoffice bucht nur in Euro.",
            "The wallet is kept in {currency}; lexoffice keeps books in euro only.",
        ),
        Text(
            "Diese Ausgabe in lexoffice von Hand in Euro erfassen.",
            "Enter this expense in lexoffice by hand, in euro.",
        ),
    ),
    "EXP-REVERSE-CHARGE": ErrorText(
        Text(
            "Ausgaben mit Reverse Charge oder innergemeinschaftlichem Erwerb sind für dieses Unternehmen nicht "
            "freigeschaltet.",
            "Reverse charge and intra-community expenses are not enabled for this company.",
        ),
        Text(
            "Diese Ausgabe in lexoffice von Hand in der passenden Kategorie erfassen.",
            "Enter this expense in lexoffice by hand, in the category made for it.",
        ),
    ),
    "EXP-PAID-PRIVATELY": ErrorText(
        Text(
            "{kind}: wird nicht nach lexoffice exportiert, weil nicht aus dem Pleo-Wallet bezahlt wurde.",
            "{kind}: not exported to lexoffice, because it was not paid from the Pleo wallet.",
        ),
        Text(
            "In Pleo den eigenen CSV-Export verwenden und die Ausgabe in lexoffice von Hand erfassen.",
            "Use Pleo's custom CSV export and enter the expense in lexoffice by hand.",
        ),
    ),
    "EXP-REIMBURSEMENT": ErrorText(
        Text(
            "Erstattungen zwischen Unternehmen und Mitarbeitenden werden nicht nach lexoffice exportiert.",
            "Reimbursements between company and employees are not exported to lexoffice.",
        ),
        Text(
            "In Pleo den eigenen CSV-Export verwenden und die Zahlung in lexoffice auf dem Pleo-Konto von Hand "
            "erfassen.",
            "Use Pleo's custom CSV export and enter the payment in lexoffice's Pleo account by hand.",
        ),
    ),
    "EXP-TYPE-UNKNOWN": ErrorText(
        Text(
            "Die Art «{type}» ist neu bei Pleo; wie sie zu buchen ist, wird nicht geraten.",
            "The type “{type}” is new in Pleo; how to book it is not guessed.",
        ),
        Text(
            "Diese Ausgabe in lexoffice von Hand erfassen und den Support unterrichten.",
            "Enter this expense in lexoffice by hand and tell support.",
        ),
    ),
    "EXP-MALFORMED": ErrorText(
        Text(
            "Die Angaben von Pleo zu dieser Ausgabe sind unvollständig ({field}).",
            "What Pleo sent about this expense is incomplete ({field}).",
        ),
        Text(
            "Die Ausgabe in Pleo öffnen, prüfen und erneut exportieren; bleibt es dabei, den Support unterrichten.",
            "Open and check the expense in Pleo, then export again; if it stays so, tell support.",
        ),
    ),
    "EXP-RECEIPT-TOO-LARGE": ErrorText(
        Text(
            "Eine Belegdatei ist {size} groß; lexoffice nimmt höchstens 5 MB.",
            "A receipt has {size}; lexoffice takes at most 5 MB.",
        ),
        Text(
            "Die Belegdatei in Pleo durch eine kleinere ersetzen (bis 5 MB), dann erneut exportieren.",
            "Replace the receipt in Pleo by a smaller file (up to 5 MB); then export again.",
        ),
    ),
    "EXP-RECEIPT-TYPE": ErrorText(
        Text(
            "Eine Belegdatei hat das Format {type}; lexoffice nimmt PDF, JPG, PNG und XML (E-Rechnung).",
            "A receipt is of the type {type}; lexoffice takes PDF, JPG, PNG and XML (e-invoice).",
        ),
        Text(
            "Die Belegdatei in Pleo durch ein PDF, JPG oder PNG ersetzen, dann erneut exportieren.",
            "Replace the receipt in Pleo by a PDF, JPG or PNG; then export again.",
        ),
    ),
    "EXP-RECEIPT-BROKEN": ErrorText(
        Text(
            "lexoffice kann eine Belegdatei nicht lesen; sie ist vermutlich beschädigt oder geschützt ({reason}).",
            "lexoffice cannot read a receipt; the file is probably damaged or protected ({reason}).",
        ),
        Text(
            "Die Datei neu speichern oder fotografieren, in Pleo ersetzen und erneut exportieren: Der Beleg steht "
            "schon in lexoffice und erhält die neue Datei.",
            "Save or photograph the receipt again, replace it in Pleo and export again: the voucher is in lexoffice "
            "already and gets the new file.",
        ),
    ),
    "EXP-RECEIPT-DOWNLOAD": ErrorText(
        Text("Eine Belegdatei ließ sich nicht aus Pleo laden.", "A receipt could not be loaded from Pleo."),
        Text(
            "In Pleo prüfen, ob sich die Belegdatei öffnen lässt, dann erneut exportieren.",
            "Check in Pleo whether the receipt opens; then export again.",
        ),
    ),
    "EXP-RECEIPT-UPLOAD": ErrorText(
        Text(
            "Der Beleg ist in lexoffice angelegt, aber eine seiner Dateien fehlt dort noch.",
            "The voucher is in lexoffice, but one of its files is still missing there.",
        ),
        Text(
            "Erneut exportieren: Die fehlende Datei wird ergänzt, ein zweiter Beleg entsteht nicht.",
            "Export again: the missing file is added, no second voucher is made.",
        ),
    ),
    "EXP-LEXOFFICE-REFUSED": ErrorText(
        Text("lexoffice hat den Beleg abgelehnt: {reason}.", "lexoffice refused the voucher: {reason}."),
        Text(
            "Konto und Steuersatz der Ausgabe in Pleo prüfen und erneut exportieren; hilft das nicht, den Support "
            "fragen.",
            "Check account and tax code of the expense in Pleo and export again; if that does not help, ask support.",
        ),
    ),
    "EXP-PERIOD-CLOSED": ErrorText(
        Text("Der Zeitraum {month} ist in lexoffice festgeschrieben.", "The period {month} is closed in lexoffice."),
        Text(
            "Mit dem Steuerberater klären, wie die Ausgabe nachgebucht wird, und sie in lexoffice von Hand erfassen.",
            "Ask the tax adviser how to book the expense, and enter it in lexoffice by hand.",
        ),
    ),
    "EXP-LEXOFFICE-DOWN": ErrorText(
        Text("lexoffice war nicht erreichbar.", "lexoffice could not be reached."),
        Text(
            "Später erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
            "Export again later; vouchers that exist already are not made twice.",
        ),
    ),
    "EXP-LEXOFFICE-TIMEOUT": ErrorText(
        Text(
            "lexoffice hat nicht rechtzeitig geantwortet; ob der Beleg angelegt ist, war nicht festzustellen.",
            "lexoffice did not answer in time; whether the voucher was made could not be found out.",
        ),
        Text(
            "Später erneut exportieren: Ein schon angelegter Beleg wird gefunden und nicht doppelt angelegt.",
            "Export again later: a voucher that exists is found and not made twice.",
        ),
    ),
    "EXP-LEXOFFICE-BUSY": ErrorText(
        Text(
            "lexoffice nimmt zurzeit zu wenige Anfragen an, vermutlich belegt sie eine andere verbundene App.",
            "lexoffice takes too few requests at the moment, probably because another connected app uses them up.",
        ),
        Text("In einer Stunde erneut exportieren.", "Export again in an hour."),
    ),
    "EXP-ACCESS-GONE": ErrorText(
        Text("Der Zugriff auf lexoffice ist erloschen.", "Access to lexoffice has ended."),
        Text(
            "In Pleo unter «Einstellungen» → «Buchhaltung» lexoffice neu verbinden, dann erneut exportieren.",
            "In Pleo, connect lexoffice again under Settings → Accounting; then export again.",
        ),
    ),
    "EXP-PLAN": ErrorText(
        Text(
            "Der lexoffice-Tarif oder die erteilten Rechte erlauben keine Buchhaltungsbelege.",
            "The lexoffice plan, or the rights that were granted, does not allow bookkeeping vouchers.",
        ),
        Text(
            "In lexoffice den Tarif prüfen (mit Buchhaltung), in Pleo lexoffice neu verbinden, dann erneut "
            "exportieren.",
            "Check the plan in lexoffice (with bookkeeping), connect lexoffice again in Pleo; then export again.",
        ),
    ),
    "EXP-WALLET-ACCOUNT-GONE": ErrorText(
        Text(
            "Das Pleo-Konto gibt es in lexoffice nicht mehr, oder es ist deaktiviert.",
            "The Pleo account no longer exists in lexoffice, or it is deactivated.",
        ),
        Text(
            "Das Konto in lexoffice wieder aktivieren oder in Pleo lexoffice neu verbinden, dann erneut exportieren.",
            "Activate the account in lexoffice, or connect lexoffice again in Pleo; then export again.",
        ),
    ),
    "EXP-PAUSED": ErrorText(
        Text(
            "Der Support hat die Übertragung für dieses Unternehmen pausiert.",
            "Support has paused the transfer for this company.",
        ),
        Text(
            "Erneut exportieren, sobald der Support sie freigegeben hat; schon angelegte Belege entstehen nicht "
            "doppelt.",
            "Export again once support has released it; vouchers that exist already are not made twice.",
        ),
    ),
    "EXP-DISCONNECTED": ErrorText(
        Text(
            "Die Verbindung zwischen Pleo und lexoffice ist getrennt oder noch nicht fertig eingerichtet.",
            "Pleo and lexoffice are disconnected, or the connection is not complete yet.",
        ),
        Text(
            "In Pleo unter «Einstellungen» → «Buchhaltung» lexoffice verbinden, dann erneut exportieren.",
            "In Pleo, connect lexoffice under Settings → Accounting; then export again.",
        ),
    ),
    "EXP-INTERNAL": ErrorText(
        Text(
            "Bei uns ist ein unerwarteter Fehler aufgetreten; wir sind benachrichtigt.",
            "An unexpected error occurred on our side; we have been notified.",
        ),
        Text(
            "Später erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
            "Export again later; vouchers that exist already are not made twice.",
        ),
    ),
    "EXP-JOB-EXPIRED": ErrorText(
        Text(
            "Der Export war nach einer Stunde ohne Fortschritt abgelaufen.",
            "The export expired after an hour without progress.",
        ),
        Text(
            "Erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
            "Export again; vouchers that exist already are not made twice.",
        ),
    ),
    "EXP-JOB-CANCELLED": ErrorText(
        Text(
            "Der Export wurde in Pleo abgebrochen; bis dahin angelegte Belege bleiben in lexoffice.",
            "The export was cancelled in Pleo; vouchers made until then stay in lexoffice.",
        ),
        Text(
            "Bei Bedarf erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
            "Export again if wanted; vouchers that exist already are not made twice.",
        ),
    ),
    "EXP-JOB-ENDED": ErrorText(
        Text("Pleo hat den Export beendet ({reason}).", "Pleo ended the export ({reason})."),
        Text(
            "Erneut exportieren; schon angelegte Belege entstehen nicht doppelt.",
            "Export again; vouchers that exist already are not made twice.",
        ),
    ),
}
