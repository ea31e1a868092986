"""Texts for the overall state of a company.

The keys are the values of `verdict_of` (shared/domain/lookup/company_health.py), which include the reasons of holds.
"""

from dataclasses import dataclass

from shared.texts.text import Text


@dataclass(frozen=True, slots=True)
class VerdictText:
    """The overall state of a company and what to do.

    `tone` is ok, busy, warn or bad. `connect` shows the button to connect.
    """

    tone: str
    title: Text
    body: Text
    connect: bool = False


VERDICTS: dict[str, VerdictText] = {
    "ok": VerdictText(
        "ok",
        Text("Alles in Ordnung", "Everything is fine"),
        Text(
            "Neue Kartenzahlungen erscheinen von selbst in lexoffice. Sie müssen nichts tun.",
            "New card payments appear in lexoffice by themselves. There is nothing you need to do.",
        ),
    ),
    "busy": VerdictText(
        "busy",
        Text("Zahlungen sind unterwegs", "Payments are on their way"),
        Text(
            "lexoffice nimmt sie nacheinander an. Sie müssen nichts tun.",
            "lexoffice takes them one after another. There is nothing you need to do.",
        ),
    ),
    "attention": VerdictText(
        "warn",
        Text("Die Verbindung steht, aber etwas braucht Sie", "Connected, but something needs you"),
        Text(
            "Alles andere läuft weiter. Was zu tun ist, steht bei dem jeweiligen Punkt:",
            "Everything else goes on. What to do is said with each point:",
        ),
    ),
    "connecting": VerdictText(
        "warn",
        Text("Die Einrichtung ist noch nicht fertig", "The set-up is not complete yet"),
        Text(
            "Verbinden Sie noch einmal: Was schon eingerichtet ist, bleibt, nur der Rest wird nachgeholt.",
            "Connect again: what is set up stays, only the rest is done.",
        ),
        connect=True,
    ),
    "disconnected": VerdictText(
        "warn",
        Text("Pleo und lexoffice sind getrennt", "Pleo and lexoffice are disconnected"),
        Text(
            "Es werden keine Zahlungen mehr übertragen. Wenn Sie dieselbe Organisation wieder verbinden, geht es dort "
            "weiter, wo es aufgehört hat.",
            "Payments are no longer transferred. If you connect the same organisation again, it continues where it "
            "stopped.",
        ),
        connect=True,
    ),
    "lexoffice_access_gone": VerdictText(
        "bad",
        Text("Zugriff auf lexoffice erloschen: bitte neu verbinden", "Access to lexoffice has ended: please reconnect"),
        Text(
            "Es geht nichts verloren: Neue Zahlungen werden weiter gesammelt und nach dem Verbinden übertragen.",
            "Nothing is lost: new payments are still collected, and transferred once you have reconnected.",
        ),
        connect=True,
    ),
    "pleo_access_gone": VerdictText(
        "bad",
        Text("Zugriff auf Pleo erloschen: bitte neu verbinden", "Access to Pleo has ended: please reconnect"),
        Text(
            "Es geht nichts verloren: Was inzwischen bezahlt wird, holen wir nach dem Verbinden aus Pleo nach.",
            "Nothing is lost: what is paid meanwhile is fetched from Pleo once you have reconnected.",
        ),
        connect=True,
    ),
    "plan": VerdictText(
        "bad",
        Text("Ihr lexoffice-Tarif enthält keine Buchhaltung mehr", "Your lexoffice plan has no bookkeeping any more"),
        Text(
            "Bitte wechseln Sie in lexoffice den Tarif und verbinden Sie dann neu. Es geht nichts verloren: Neue "
            "Zahlungen werden weiter gesammelt.",
            "Please change the plan in lexoffice, then reconnect. Nothing is lost: new payments are still collected.",
        ),
        connect=True,
    ),
    "account_missing": VerdictText(
        "bad",
        Text("Das Pleo-Konto fehlt in lexoffice", "The Pleo account is missing in lexoffice"),
        Text(
            "Es wurde gelöscht oder deaktiviert. Aktivieren Sie es in lexoffice unter «Finanzen» → «Konten», oder "
            "verbinden Sie neu. Es geht nichts verloren: Neue Zahlungen werden weiter gesammelt.",
            "It was deleted or deactivated. Activate it in lexoffice under «Finanzen» → «Konten», or reconnect. "
            "Nothing is lost: new payments are still collected.",
        ),
        connect=True,
    ),
    "lexoffice_scope": VerdictText(
        "bad",
        Text("In lexoffice fehlen Rechte: bitte neu verbinden", "Rights are missing in lexoffice: please reconnect"),
        Text(
            "Bitte verbinden Sie als Administrator. Es geht nichts verloren: Neue Zahlungen werden weiter gesammelt.",
            "Please connect as an administrator. Nothing is lost: new payments are still collected.",
        ),
        connect=True,
    ),
    "pleo_scope": VerdictText(
        "bad",
        Text("In Pleo fehlen Rechte: bitte neu verbinden", "Rights are missing in Pleo: please reconnect"),
        Text(
            "Bitte verbinden Sie als Administrator. Es geht nichts verloren: Was inzwischen bezahlt wird, holen wir "
            "danach aus Pleo nach.",
            "Please connect as an administrator. Nothing is lost: what is paid meanwhile is fetched from Pleo "
            "afterwards.",
        ),
        connect=True,
    ),
    # Only support can resume; reconnecting does not, so the page offers no button to connect.
    "paused": VerdictText(
        "warn",
        Text("Der Support hat die Übertragung pausiert", "Support has paused the transfer"),
        Text(
            "Es geht nichts verloren: Neue Zahlungen werden weiter gesammelt und übertragen, sobald der Support sie "
            "freigibt. Neu verbinden ändert daran nichts; bei Fragen hilft der Support.",
            "Nothing is lost: new payments are still collected, and transferred once support releases them. "
            "Reconnecting changes nothing about it; if you have questions, support can help.",
        ),
    ),
    "held": VerdictText(
        "bad",
        Text("Die Übertragung ist angehalten", "The transfer is on hold"),
        Text(
            "Bitte verbinden Sie neu; bleibt es dabei, hilft der Support. Es geht nichts verloren: Neue Zahlungen "
            "werden weiter gesammelt.",
            "Please reconnect; if it stays so, support can help. Nothing is lost: new payments are still collected.",
        ),
        connect=True,
    ),
}
