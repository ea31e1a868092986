"""German texts that the product writes to the customer's books in lexoffice: lines and remarks of vouchers.

A line keeps the text with which it was recorded, so a change here affects new lines and vouchers only.
"""

# Counterparty and label if Pleo has none.
PLEO = "Pleo"
UNKNOWN = "Unbekannt"
UNKNOWN_KIND = "Pleo-Buchung"

# Bank line (shared/domain/feeding/line.py).
PAID_ON = "vom {day}"
CORRECTION = "Korrektur {day} zu: {text}"

# Remark of a voucher (shared/domain/exporting/remark.py).
BOOK_ID = "Pleo {book_id}"
ATTENDEES = "Teilnehmer: {names}"
ORIGINAL_AMOUNT = "Betrag laut Beleg {amount}"
SERVICE_DAY = "Leistungszeitraum {start}"
SERVICE_PERIOD = "Leistungszeitraum {start} bis {end}"
NO_SUGGESTION = "Kein Zuordnungsvorschlag: {criterion}"
# What a bookkeeper should check (Notice in shared/domain/exporting/voucher_columns.py).
NOTICES: dict[str, str] = {
    "NO_RECEIPT": "Ohne Beleg exportiert, kein Vorsteuerabzug: Eigenbeleg oder Beleg ergänzen",
    "NO_RECEIPT_TAX_KEPT": "Ohne Beleg exportiert: Beleg ergänzen",
    "REVERSE_CATEGORY": "Reverse Charge, aber keine Kategorie nach § 13b: Kategorie prüfen",
    "TAX_FREE_REVERSE": "Steuer nach § 13b ist auch ohne Vorsteuerabzug geschuldet: Steuerberater fragen",
    "FOREIGN_SUPPLIER": "Anbieter im Ausland, aber deutsche Umsatzsteuer: Steuersatz prüfen",
    "NO_ATTENDEES": "Bewirtung ohne Teilnehmer: Anlass und Teilnehmer ergänzen",
    "RESTAURANT_RATE": "Speisen haben seit 2026 7 %: Steuersätze prüfen",
    "RATE_OF_2020": "Von Juli bis Dezember 2020 galten 16 und 5 %, sonst 19 und 7 %: Steuersatz prüfen",
}
