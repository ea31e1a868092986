"""Texts of the page of one expense: its state, what to do, and its steps."""

from dataclasses import dataclass

from shared.texts.text import Text


@dataclass(frozen=True, slots=True)
class BranchText:
    """The state of an expense and what to do. `tone` is ok, busy, warn or bad."""

    tone: str
    title: Text
    advice: Text


ASK: dict[str, Text] = {
    "title": Text("Eine Ausgabe nachsehen", "Look up an expense"),
    "label": Text("Nummer der Ausgabe oder des Belegs", "Number of the expense or of the voucher"),
    "help": Text(
        "Die Nummer aus Pleo oder die Belegnummer aus lexoffice (beginnt mit PLEO-).",
        "The number from Pleo, or the voucher number from lexoffice (begins with PLEO-).",
    ),
    "button": Text("Nachsehen", "Look up"),
}

EXPENSE: dict[str, Text] = {
    "title": Text("Eine Ausgabe im Verlauf", "One expense, step by step"),
    "back": Text("Zurück zum Status", "Back to the status"),
    "number": Text("Ausgabe {number}", "Expense {number}"),
    "asked": Text("Gesucht: {asked}", "Looked up: {asked}"),
    "several": Text("Unter dieser Nummer gibt es mehrere Buchungen.", "There are several entries under this number."),
    "again": Text("Noch eine nachsehen", "Look up another"),
    "open_voucher": Text("Beleg in lexoffice öffnen", "Open the voucher in lexoffice"),
    "open_lexoffice": Text("lexoffice öffnen", "Open lexoffice"),
    "open_pleo": Text("In Pleo öffnen", "Open in Pleo"),
    "voucher_number": Text("Belegnummer", "Voucher number"),
    "unmet_criteria": Text("Warum kein Vorschlag erscheint:", "Why no suggestion appears:"),
}

NOT_FOUND = BranchText(
    "warn",
    Text("Diese Nummer kennen wir nicht", "We do not know this number"),
    Text(
        "Versuchen Sie die Nummer, die in Pleo bei der Ausgabe steht, oder die Belegnummer aus lexoffice. Eine "
        "Ausgabe, die noch nicht abgebucht und noch nicht exportiert ist, hat hier noch keine Nummer. Zahlungen von "
        "vor dem Verbinden werden nicht übertragen.",
        "Try the number that Pleo shows with the expense, or the voucher number from lexoffice. An expense that is "
        "neither settled nor exported has no number here yet. Payments from before the connection are not transferred.",
    ),
)

BRANCH_TEXTS: dict[str, BranchText] = {
    "complete": BranchText(
        "ok",
        Text("Es fehlt nichts", "Nothing is missing"),
        Text(
            "Umsatz und Beleg sind in lexoffice. Genehmigen Sie die Zuordnung unter «Finanzen» → «Bank» → "
            "«Pleo…», Reiter «Zuordnungsvorschläge».",
            "Line and voucher are in lexoffice. Approve the match under «Finanzen» → «Bank» → «Pleo…», tab "
            "«Zuordnungsvorschläge».",
        ),
    ),
    "matched": BranchText(
        "ok",
        Text("Schon zugeordnet", "Matched already"),
        Text(
            "Umsatz und Beleg gehören in lexoffice bereits zusammen. Sie finden den Umsatz unter «Finanzen» → «Bank» → "
            "«Pleo…», Reiter «Alle Umsätze».",
            "Line and voucher belong together in lexoffice already. You find the line under «Finanzen» → «Bank» → "
            "«Pleo…», tab «Alle Umsätze».",
        ),
    ),
    "line_waiting": BranchText(
        "busy",
        Text("Der Umsatz ist unterwegs nach lexoffice", "The line is on its way to lexoffice"),
        Text(
            "Sie müssen nichts tun; er erscheint von selbst. Ein Beleg, der schon dort ist, wird danach vorgeschlagen.",
            "There is nothing you need to do; it appears by itself. A voucher that is there already is suggested then.",
        ),
    ),
    "line_failed": BranchText(
        "bad",
        Text("lexoffice hat den Umsatz abgelehnt", "lexoffice refused the line"),
        Text(
            "Bitte wenden Sie sich mit dieser Nummer an den Support; er sendet den Umsatz noch einmal. Doppelt "
            "entsteht dabei nichts.",
            "Please contact support with this number, so that the line is sent again. Nothing is made twice.",
        ),
    ),
    "line_held": BranchText(
        "warn",
        Text("Die Zahlung ist angehalten: bitte ansehen", "The payment is on hold: please look at it"),
        Text(
            "Der Grund steht unten beim Umsatz. Tragen Sie die Zahlung in lexoffice von Hand ein, oder wenden Sie "
            "sich mit dieser Nummer an den Support.",
            "The reason is below, with the line. Enter the payment in lexoffice by hand, or contact support with this "
            "number.",
        ),
    ),
    "line_by_hand": BranchText(
        "warn",
        Text("Diese Bewegung tragen Sie von Hand ein", "This movement is entered by hand"),
        Text(
            "Aufladungen, Abhebungen und Erstattungen werden nicht übertragen. Datum, Betrag und Richtung stehen auf "
            "der Statusseite unter «In lexoffice von Hand eintragen».",
            "Top-ups, withdrawals and reimbursements are not transferred. Date, amount and direction are on the "
            "status page under “To enter in lexoffice by hand”.",
        ),
    ),
    "no_suggestion": BranchText(
        "warn",
        Text("Umsatz und Beleg sind da, aber lexoffice schlägt sie nicht vor", "Both are there, but not suggested"),
        Text(
            "Öffnen Sie in lexoffice unter «Finanzen» → «Bank» → «Pleo…» den Umsatz und ordnen Sie ihm den Beleg "
            "selbst zu.",
            "In lexoffice, under «Finanzen» → «Bank» → «Pleo…», open the line and assign the voucher to it yourself.",
        ),
    ),
    "not_exported": BranchText(
        "warn",
        Text("Noch nicht exportiert", "Not exported yet"),
        Text(
            "Klicken Sie in Pleo auf «Exportieren». Danach entsteht der Beleg in lexoffice und die Zuordnung wird "
            "vorgeschlagen.",
            "Click «Exportieren» in Pleo. Then the voucher is made in lexoffice and the match is suggested.",
        ),
    ),
    "export_failed": BranchText(
        "bad",
        Text("Der Export ist fehlgeschlagen", "The export failed"),
        Text(
            "Beheben Sie die Ursache und exportieren Sie in Pleo noch einmal. Was schon in lexoffice ist, entsteht "
            "nicht doppelt.",
            "Fix the cause, then export again in Pleo. What is in lexoffice already is not made twice.",
        ),
    ),
    "export_running": BranchText(
        "busy",
        Text("Der Export läuft noch", "The export is still running"),
        Text(
            "Sie müssen nichts tun. Laden Sie diese Seite in einigen Minuten neu.",
            "There is nothing you need to do. Look again in a few minutes.",
        ),
    ),
    "voucher_gone": BranchText(
        "warn",
        Text(
            "Der Beleg wurde in lexoffice gelöscht oder storniert", "The voucher was deleted or cancelled in lexoffice"
        ),
        Text(
            "War das ein Versehen, erfassen Sie den Beleg in lexoffice von Hand und ordnen ihn dem Umsatz zu.",
            "If that was a mistake, enter the voucher in lexoffice by hand and assign it to the line.",
        ),
    ),
    "paid_privately": BranchText(
        "warn",
        Text("Privat bezahlt: wird nicht übertragen", "Paid privately: not transferred"),
        Text(
            "«Privatauslage», Kilometergeld und Verpflegungspauschalen bewegen das Wallet nicht. Verwenden Sie in "
            "Pleo den eigenen CSV-Export und erfassen Sie die Ausgabe in lexoffice von Hand.",
            "Out-of-pocket expenses («Privatauslage»), mileage and per diems do not move the wallet. Use Pleo's "
            "custom CSV export and enter the expense in lexoffice by hand.",
        ),
    ),
    "not_settled": BranchText(
        "busy",
        Text("Noch nicht abgebucht", "Not settled yet"),
        Text(
            "Der Händler hat die Zahlung noch nicht abgerechnet. Sobald sie abgebucht ist, erscheint sie von selbst.",
            "The merchant has not settled the payment yet. As soon as it is settled, it appears by itself.",
        ),
    ),
    "reversed": BranchText(
        "ok",
        Text("Die Zahlung wurde nicht ausgeführt", "The payment was not carried out"),
        Text(
            "Sie wurde abgelehnt oder zurückgenommen, bevor Geld floss. In lexoffice ist nichts zu buchen.",
            "It was declined or taken back before money moved. There is nothing to book in lexoffice.",
        ),
    ),
    "company_held": BranchText(
        "bad",
        Text(
            "Die Übertragung ist für das ganze Unternehmen angehalten", "The transfer is on hold for the whole company"
        ),
        Text(
            "Nicht diese Ausgabe ist schuld, sondern die Verbindung. Die Statusseite sagt, was zu tun ist; danach "
            "kommt alles von selbst nach. Es geht nichts verloren.",
            "It is not this expense but the connection. The status page says what to do; after that everything "
            "follows by itself. Nothing is lost.",
        ),
    ),
    "unknown": NOT_FOUND,
}

STEPS: dict[str, Text] = {
    "accepted": Text("Von Pleo erfahren", "Heard of from Pleo"),
    "settled": Text("Abgebucht", "Settled"),
    "line": Text("Umsatz in lexoffice", "Line in lexoffice"),
    "exported": Text("Aus Pleo exportiert", "Exported from Pleo"),
    "voucher": Text("Beleg in lexoffice", "Voucher in lexoffice"),
    "receipts": Text("Belegdateien angehängt", "Receipts attached"),
    "hint": Text("Zuordnungshinweis gesendet", "Hint sent"),
    "match": Text("Zuordnung genehmigt", "Match approved"),
}
MATCHES: dict[str, Text] = {
    "open": Text("noch offen", "still open"),
    "accepted": Text("dem Pleo-Umsatz zugeordnet", "assigned to the Pleo line"),
    "elsewhere": Text("durch eine andere Zahlung ausgeglichen", "settled by another payment"),
    "settled": Text("in lexoffice ausgeglichen", "settled in lexoffice"),
    "voided": Text("in lexoffice storniert", "cancelled in lexoffice"),
    "gone": Text("in lexoffice gelöscht", "deleted in lexoffice"),
}
DETAILS: dict[str, Text] = {
    "by_hand": Text("wird von Hand eingetragen", "is entered by hand"),
    "wallet_not_moved": Text("bewegt das Wallet nicht", "does not move the wallet"),
    "zero_amount": Text("Betrag null", "amount of zero"),
    "before_start": Text("vor dem Startdatum der Verbindung", "before the connection's start date"),
    "reversed": Text("zurückgenommen", "taken back"),
    "deleted": Text("in Pleo gelöscht", "deleted in Pleo"),
    "no_receipts": Text("In Pleo ist keine Datei angehängt.", "No file is attached in Pleo."),
    "receipts_one": Text("1 Datei", "1 file"),
    "receipts_many": Text("{n} Dateien", "{n} files"),
}
