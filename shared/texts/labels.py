"""Labels of the stable words in data: states, kinds, reasons, changes."""

from shared.texts.text import Language, Text

STATUSES: dict[str, Text] = {
    "connecting": Text("wird eingerichtet", "being set up"),
    "active": Text("verbunden", "connected"),
    "held": Text("angehalten", "on hold"),
    "disconnected": Text("getrennt", "disconnected"),
}
HEALTH: dict[str, Text] = {
    "ok": Text("Zugriff in Ordnung", "access is fine"),
    "gone": Text("Zugriff erloschen", "access has ended"),
    "missing": Text("noch nicht verbunden", "not connected yet"),
}

WAITING: dict[str, Text] = {
    "refused_by_lexoffice": Text(
        "lexoffice hat diesen Umsatz abgelehnt ({detail}). Bitte geben Sie dem Support Datum und Betrag; er sendet ihn "
        "noch einmal.",
        "lexoffice refused this line ({detail}). Please tell support date and amount, so that it is sent again.",
    ),
    "unknown_kind": Text(
        "Diese Art von Buchung ist neu bei Pleo; wie sie zu buchen ist, wird nicht geraten. Tragen Sie sie in "
        "lexoffice von Hand ein und unterrichten Sie den Support.",
        "This kind of entry is new in Pleo; how to book it is not guessed. Enter it in lexoffice by hand and tell "
        "support.",
    ),
    "wallet_currency": Text(
        "Das Wallet wird in {detail} geführt, lexoffice bucht nur in Euro. Tragen Sie den Betrag in lexoffice von "
        "Hand in Euro ein.",
        "The wallet is kept in {detail}, lexoffice keeps books in euro only. Enter the amount in lexoffice by hand, "
        "in euro.",
    ),
    "amount_missing": Text(
        "Pleo nennt keinen Betrag in der Währung des Wallets. Prüfen Sie die Zahlung in Pleo und unterrichten Sie den "
        "Support.",
        "Pleo gives no amount in the wallet's currency. Check the payment in Pleo and tell support.",
    ),
    "entry_not_found": Text(
        "Pleo hat diese Zahlung angekündigt, kennt sie aber nicht mehr. Prüfen Sie sie in Pleo; gibt es sie dort, "
        "hilft der Support.",
        "Pleo announced this payment but no longer knows it. Check it in Pleo; if it is there, support can help.",
    ),
    "entry_refused": Text(
        "Pleo zeigt uns diese Zahlung nicht. Verbinden Sie als Administrator neu; bleibt es dabei, hilft der Support.",
        "Pleo does not show us this payment. Reconnect as an administrator; if it stays so, support can help.",
    ),
    "entry_malformed": Text(
        "Pleos Angaben zu dieser Zahlung sind unvollständig. Prüfen Sie sie in Pleo und unterrichten Sie den Support.",
        "What Pleo says about this payment is incomplete. Check it in Pleo and tell support.",
    ),
    "other": Text(
        "Diese Zahlung ist angehalten. Bitte wenden Sie sich an den Support.",
        "This payment is on hold. Please contact support.",
    ),
}

# Kinds of entries and types of export items share their names (shared/domain: feeding/entry_rules.py,
# exporting/item_rules.py). Each has one label, used by line, voucher remark, errors, pages, CSV and month-end sheet.
KINDS: dict[str, Text] = {
    "card_purchase": Text("Kartenzahlung", "Card payment"),
    "card_invoice": Text("Rechnung mit Karte bezahlt", "Invoice paid by card"),
    "personal_spend": Text("Private Kartenzahlung", "Private card payment"),
    "atm_withdrawal": Text("Bargeldabhebung", "Cash withdrawal"),
    "refund": Text("Erstattung", "Refund"),
    "chargeback": Text("Rückbuchung", "Chargeback"),
    "cashback": Text("Pleo-Cashback", "Pleo cashback"),
    "fee": Text("Pleo-Gebühr", "Pleo fee"),
    "fee_refund": Text("Erstattung Pleo-Gebühr", "Pleo fee refund"),
    "invoice": Text("Rechnung", "Invoice"),
    "invoice_payment": Text("Rechnungszahlung", "Invoice payment"),
    "invoice_payment_returned": Text("Rückläufer Rechnungszahlung", "Returned invoice payment"),
    "invoice_payment_received": Text("Eingang Rechnungszahlung", "Received invoice payment"),
    "wallet_topup": Text("Wallet-Aufladung", "Wallet top-up"),
    "wallet_unload": Text("Wallet-Auszahlung", "Wallet payout"),
    "withdrawal": Text("Wallet-Abhebung", "Wallet withdrawal"),
    "direct_reimbursement": Text("Erstattung an Mitarbeitende", "Reimbursement to an employee"),
    "direct_reimbursement_returned": Text("Rückläufer Erstattung an Mitarbeitende", "Returned reimbursement"),
    "reimbursement_to_company": Text("Erstattung an das Unternehmen", "Reimbursement to the company"),
    "external_reimbursement": Text("Erstattung außerhalb von Pleo", "Reimbursement outside of Pleo"),
    "out_of_pocket": Text("Privatauslage", "Out-of-pocket expense"),
    "mileage": Text("Kilometergeld", "Mileage"),
    "per_diem": Text("Verpflegungspauschale", "Per diem"),
}
DIRECTIONS: dict[str, Text] = {
    "in": Text("Eingang", "In"),
    "out": Text("Ausgang", "Out"),
}
CSV_NAME = Text("pleo-wallet-von-hand", "pleo-wallet-by-hand")
CSV_COLUMNS: tuple[Text, ...] = (
    Text("Datum", "Date"),
    Text("Richtung", "Direction"),
    Text("Betrag in EUR", "Amount in EUR"),
    Text("Art", "Kind"),
    Text("Kennung in Pleo", "Id in Pleo"),
)

# Why lexoffice suggests no match (shared/domain/exporting/match.py).
CRITERIA: dict[str, Text] = {
    "line_missing": Text(
        "Der Umsatz fehlt noch auf dem Pleo-Konto in lexoffice. Sobald er dort steht, wird der Beleg vorgeschlagen.",
        "The line is not in lexoffice's Pleo account yet. The voucher will be suggested once it is.",
    ),
    "direction": Text(
        "Beleg und Umsatz haben verschiedene Richtungen (Ausgabe und Gutschrift). Bitte von Hand zuordnen.",
        "Voucher and line point in different directions (expense and credit). Match them by hand.",
    ),
    "voucher_not_open": Text(
        "Der Beleg ist in lexoffice nicht mehr offen; vermutlich ist er schon zugeordnet.",
        "The voucher is no longer open in lexoffice; it has probably been matched already.",
    ),
    "amount_outside_range": Text(
        "Der Betrag des Belegs liegt nicht zwischen 95 und 105 % des Umsatzes. Bitte von Hand zuordnen.",
        "The voucher's amount is not between 95 and 105 % of the line. Match them by hand.",
    ),
    "voucher_after_line": Text(
        "Das Belegdatum liegt nach dem Umsatz. Bitte von Hand zuordnen.",
        "The voucher is dated after the line. Match them by hand.",
    ),
    "voucher_too_old": Text(
        "Das Belegdatum liegt mehr als drei Monate vor dem Umsatz. Bitte von Hand zuordnen.",
        "The voucher is dated more than three months before the line. Match them by hand.",
    ),
}

EXPORTS: dict[str, Text] = {
    "claimed": Text("beginnt gerade", "is starting"),
    "running": Text("läuft", "is running"),
    "completed": Text("abgeschlossen", "completed"),
    "completed_with_errors": Text("abgeschlossen, mit Fehlern", "completed, with errors"),
    "failed": Text("fehlgeschlagen", "failed"),
    "other": Text("beendet", "ended"),
}
CHANGES: dict[str, Text] = {
    "created": Text("Neu: {name}", "New: {name}"),
    "renamed": Text("Umbenannt: {before} → {name}", "Renamed: {before} → {name}"),
    "archived": Text(
        "Nicht mehr in lexoffice: {name}. Ordnen Sie Kategorien in Pleo, die es benutzen, ein anderes Konto zu.",
        "No longer in lexoffice: {name}. In Pleo, give categories that use it another account.",
    ),
    "restored": Text("Wieder da: {name}", "Back again: {name}"),
    "contact_required": Text(
        "{name} verlangt in lexoffice jetzt einen Lieferanten: er kommt aus Pleo, sonst wird die Ausgabe abgelehnt.",
        "{name} now requires a supplier in lexoffice: it comes from Pleo, else the expense is refused.",
    ),
    "contact_free": Text(
        "{name} verlangt in lexoffice keinen Lieferanten mehr.", "{name} no longer requires a supplier in lexoffice."
    ),
    "several_rates": Text(
        "{name} erlaubt in lexoffice jetzt mehrere Steuersätze je Beleg.",
        "{name} now allows several tax rates per voucher in lexoffice.",
    ),
    "one_rate": Text(
        "{name} erlaubt in lexoffice nur noch einen Steuersatz je Beleg: geteilte Ausgaben werden abgelehnt.",
        "{name} now allows only one tax rate per voucher in lexoffice: expenses split by rate are refused.",
    ),
    "tax_code_new": Text("Neuer Steuersatz: {name}", "New tax code: {name}"),
    "tax_code_changed": Text("Steuersatz geändert: {before} → {name}", "Tax code changed: {before} → {name}"),
    "tax_code_gone": Text("Steuersatz nicht mehr im Angebot: {before}", "Tax code no longer offered: {before}"),
    "other": Text("Geändert: {name}", "Changed: {name}"),
}

# Why a sync refused lexoffice's list of categories (shared/domain/syncing/catalogue.py).
REFUSALS: dict[str, Text] = {
    "empty": Text(
        "lexoffice hat gar keine Kategorien genannt. In Pleo wurde nichts geändert.",
        "lexoffice named no categories at all. Nothing was changed in Pleo.",
    ),
    "removed": Text(
        "In lexoffice fehlen auf einmal {count} von {known} Kategorien. Das sieht nach einer Störung aus, deshalb "
        "wurde in Pleo nichts geändert. Wenn es richtig so ist, übernehmen Sie es: Die fehlenden werden in Pleo dann "
        "archiviert, nicht gelöscht.",
        "{count} of {known} categories are missing in lexoffice all at once. That looks like a fault, so nothing was "
        "changed in Pleo. If it is right, take it over: those that are missing are then archived in Pleo, not deleted.",
    ),
    "renamed": Text(
        "In lexoffice heißen auf einmal {count} von {known} Kategorien anders. Das sieht nach einer Störung aus, "
        "deshalb wurde in Pleo nichts geändert. Wenn es richtig so ist, übernehmen Sie es: Sie werden in Pleo dann "
        "umbenannt.",
        "{count} of {known} categories have other names in lexoffice all at once. That looks like a fault, so nothing "
        "was changed in Pleo. If it is right, take it over: they are then renamed in Pleo, too.",
    ),
}

SET_UP_STEPS: dict[str, Text] = {
    "account": Text("Bankkonto in lexoffice", "Bank account in lexoffice"),
    "catalogue": Text("Kategorien und Steuersätze", "Categories and tax codes"),
    "pleo_webhooks": Text("Benachrichtigungen von Pleo", "Notifications from Pleo"),
    "lexoffice_events": Text("Benachrichtigungen von lexoffice", "Notifications from lexoffice"),
    "activation": Text("Übertragung einschalten", "Switching the transfer on"),
}
STEP_STATES: dict[str, Text] = {
    "done": Text("erledigt", "done"),
    "running": Text("läuft", "running"),
    "waiting": Text("steht aus", "to come"),
    "failed": Text("fehlgeschlagen", "failed"),
    "missing": Text("fehlt", "missing"),
    "not_needed": Text("nicht nötig", "not needed"),
}
# The colour of a state's badge.
STEP_TONES = {
    "done": "ok",
    "running": "busy",
    "waiting": "busy",
    "failed": "bad",
    "missing": "warn",
    "not_needed": "none",
}


def kind_label(kind: str, language: Language) -> str:
    """Return the label of a kind. An unknown kind, new in Pleo, keeps Pleo's name."""
    return KINDS[kind].in_(language) if kind in KINDS else kind
