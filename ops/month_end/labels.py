"""German labels and sentences of the month-end sheet, by stable word. Readers are Steuerberater."""

from collections.abc import Callable
from datetime import date, datetime

from ops.month_end.balance import MonthBalance
from ops.month_end.sheet import Item, Section
from shared.domain.exporting.match import Criterion
from shared.texts.books import NOTICES
from shared.texts.error_text import fill
from shared.texts.export_errors import EXPORT_ERRORS
from shared.texts.labels import CRITERIA, kind_label

TITLES = {
    Section.BY_HAND: "Von Hand einzutragen",
    Section.NOT_FED: "Umsätze, die in lexoffice fehlen",
    Section.NOT_EXPORTED: "Ausgaben, deren Export gescheitert ist",
    Section.NO_RECEIPT: "Fehlende Belegdateien",
    Section.REVERSE_CHARGE: "§ 13b UStG und innergemeinschaftlicher Erwerb",
    Section.FOREIGN: "Ausland und Fremdwährung",
    Section.MEALS: "Bewirtung und Trinkgeld",
    Section.UNMATCHED: "Umsätze ohne Zuordnung",
    Section.UNKNOWN: "Belege, deren Steuerdaten nicht bekannt sind",
}
BALANCE_TITLE = "Saldo des Pleo-Kontos"
LEADS = {
    Section.BY_HAND: "Aufladungen, Auszahlungen und Erstattungen des Wallets. Auf dem Pleo-Konto in lexoffice als "
    "Umsatz anlegen; Aufladungen und Auszahlungen sind Geldtransit (SKR03 1360, SKR04 1460).",
    Section.NOT_FED: "In Pleo abgerechnet, auf dem Pleo-Konto in lexoffice noch kein Umsatz.",
    Section.NOT_EXPORTED: "Der letzte Export aus Pleo hat keinen vollständigen Beleg ergeben.",
    Section.NO_RECEIPT: "In lexoffice ohne Datei. Was Pleo nachgereicht bekommt, wird drei Monate lang von "
    "selbst angehängt.",
    Section.REVERSE_CHARGE: "Der Betrag ist die Bemessungsgrundlage; die geschuldete Steuer rechnet lexoffice in "
    "Kategorien nach § 13b und für innergemeinschaftlichen Erwerb selbst hinzu.",
    Section.FOREIGN: "Anbieter mit Sitz im Ausland ohne deutsche USt-IdNr. (Land laut Stammdaten in Pleo, sonst laut "
    "Kartennetz) oder in fremder Währung bezahlt; ohne Belege, die ganz unter § 13b oder innergemeinschaftlichen "
    "Erwerb fallen. Ausländische Umsatzsteuer ist keine Vorsteuer.",
    Section.MEALS: "Trinkgeld ist der Teil ohne Steuer einer Bewirtung, die auch einen Teil mit Steuer hat. "
    "Teilnehmer wie beim Export aus Pleo.",
    Section.UNMATCHED: "Umsätze auf dem Pleo-Konto in lexoffice, denen kein Beleg von Pleo zugeordnet ist.",
    Section.UNKNOWN: "Für diese Belege sind Kategorie, Steuersatz, Land und Teilnehmer nicht festgehalten; die "
    "Abschnitte zu § 13b, Ausland und Bewirtung können sie darum nicht nennen.",
}
NOT_LOOKED = (
    "Zuordnungen erfahren wir von lexoffice. Für diesen Monat kam noch keine Meldung; schon zugeordnete Umsätze können "
    "hier darum noch stehen."
)
PROVISIONAL = {
    "not_over": "Der Monat ist noch nicht zu Ende.",
    "not_caught_up": "Die Buchungen aus Pleo sind noch nicht bis zum Monatsende gelesen.",
    "waiting": "Umsätze des Monats warten noch auf die Übertragung.",
}
HOLDS = {
    "lexoffice_access_gone": "Zugriff auf lexoffice erloschen",
    "pleo_access_gone": "Zugriff auf Pleo erloschen",
    "plan": "lexoffice-Tarif ohne Buchhaltung",
    "account_missing": "Pleo-Konto fehlt in lexoffice",
    "lexoffice_scope": "Rechte in lexoffice fehlen",
    "pleo_scope": "Rechte in Pleo fehlen",
    "paused": "vom Support pausiert",
    "connecting": "Einrichtung nicht abgeschlossen",
    "disconnected": "Verbindung getrennt",
}
NAMELESS = "Die Verbindung wurde getrennt; Namen sind gelöscht, Beträge und Tage sind aufbewahrt."

_WORDS = {
    "waiting": "Wartet auf die Übertragung.",
    "refused_by_lexoffice": "Von lexoffice abgelehnt ({detail}).",
    "unknown_kind": "Diese Art ist neu bei Pleo: von Hand buchen.",
    "wallet_currency": "Wallet in {detail}: von Hand in Euro buchen.",
    "amount_missing": "Pleo nennt keinen Betrag in Euro: in Pleo prüfen.",
    "entry_not_found": "Von Pleo angekündigt, in Pleo nicht zu finden.",
    "entry_refused": "Pleo zeigt uns diese Zahlung nicht.",
    "entry_malformed": "Pleos Angaben sind unvollständig: in Pleo prüfen.",
    "other": "Angehalten: beim Support nachfragen.",
    "forgotten": "Exportiert, aber ohne Beleg; die Ursache ist nach 90 Tagen nicht mehr bekannt.",
    "receipt_on_its_way": "Eine Datei war unterwegs; ob sie ankam, zeigt lexoffice.",
    "section_13b": "Leistung nach § 13b UStG",
    "intra_community": "Innergemeinschaftlicher Erwerb",
    "correction": "Korrektur: zusammen mit dem ursprünglichen Umsatz zuordnen.",
    "settled_elsewhere": "Beleg ist anders ausgeglichen, nicht mit diesem Umsatz.",
    "voucher_voided": "Beleg ist in lexoffice storniert.",
    "voucher_gone": "Beleg ist in lexoffice gelöscht.",
    "open": "Beleg vorhanden, Zuordnung offen.",
    "invoice_missing": "Rechnung noch nicht exportiert.",
    "no_voucher": "Wird ohne Beleg exportiert: von Hand zuordnen.",
    "never_exported": "Aus Pleo noch nicht exportiert.",
    "export_running": "Export läuft.",
    "export_failed": "Export gescheitert, siehe dort.",
}
# Why an item is listed, by stable word.
SENTENCES = {
    **{notice: f"{text}." for notice, text in NOTICES.items()},
    **{code: error.cause.de for code, error in EXPORT_ERRORS.items()},
    **{f"criterion_{criterion}": f"Beleg vorhanden. {CRITERIA[criterion].de}" for criterion in Criterion},
    **_WORDS,
}
_DAY = "%d.%m.%Y"
_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)


def month_name(day: date) -> str:
    """Return the month of a day as `Oktober 2026`."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def kind(item: Item) -> str:
    """Return the label of the entry's kind. A kind that is new in Pleo keeps Pleo's name."""
    return kind_label(item.kind, "de")


def why(item: Item) -> str:
    """Return why an item is listed, in sentences. A code of the error catalogue becomes its cause, without the code."""
    values = dict(item.values)
    return " ".join(fill(SENTENCES[word], values, "de") if word in SENTENCES else word for word in item.why)


def code(item: Item) -> str:
    """Return the item's code of the error catalogue (docs/errors.md), or ""."""
    return next((word for word in item.why if word in EXPORT_ERRORS), "")


def country(item: Item) -> str:
    """Return the supplier's country (ISO alpha-2), or `unbekannt`."""
    return item.country or "unbekannt"


def rates(item: Item) -> str:
    """Return the tax rates as `7, 19 %`."""
    return f"{', '.join(str(rate) for rate in item.rates)} %" if item.rates else ""


def hold_note(hold: str) -> str:
    """Return the note that transfers are on hold, with the reason."""
    return f"Zurzeit wird nichts übertragen: {HOLDS.get(hold, 'Ursache beim Support erfragen')}."


def balance_lines(balance: MonthBalance, last: date) -> list[tuple[str, int]]:
    """Return the parts of the balance and their sum, label and cents, in the order of addition."""
    before = (
        f"{'Anfangsbestand laut Angabe des Unternehmens, ' if balance.opening else 'Saldo am '}{balance.since:{_DAY}}"
    )
    return [
        (before, balance.before),
        ("Umsätze des Monats, die in lexoffice stehen", balance.lines),
        ("Von Hand einzutragen in diesem Monat", balance.by_hand),
        (f"Saldo am {last:{_DAY}}", balance.end),
    ]


def balance_notes(balance: MonthBalance, money: Callable[[int], str], moment: Callable[[datetime], str]) -> list[str]:
    """Return the conditions and gaps of the balance, in sentences. `money` and `moment` format figures."""
    notes = ["Der Saldo setzt voraus, dass alle Bewegungen, die von Hand einzutragen sind, in lexoffice stehen."]
    if balance.opening:
        notes.append(
            "Pleo nennt keinen Saldo; der Anfangsbestand wurde beim Verbinden angegeben (ohne Angabe: 0,00 €)."
        )
    if balance.open:
        word = "Umsatz" if balance.open == 1 else "Umsätze"
        notes.append(
            f"Nicht darin: {balance.open} {word} bis zum Monatsende, noch nicht in lexoffice: {money(balance.missing)}."
        )
    if balance.unclear:
        notes.append(f"Nicht darin: Buchungen, deren Betrag nicht bekannt ist ({balance.unclear}).")
    if balance.proved_at is None:
        return [*notes, "Seit dem Monatsende noch nicht mit den Buchungen in Pleo verglichen."]
    found = f"nicht erklärte Differenz von {money(balance.unexplained)}" if balance.unexplained else "keine Differenz"
    return [*notes, f"Am {moment(balance.proved_at)} mit den Buchungen in Pleo verglichen: {found}."]
