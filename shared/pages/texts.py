"""What our pages say, German first; a test makes sure that no text exists in one language only."""

from dataclasses import dataclass
from typing import Literal

type Language = Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    de: str
    en: str

    def in_(self, language: Language) -> str:
        """The text in a language."""
        return self.de if language == "de" else self.en


@dataclass(frozen=True, slots=True)
class Message:
    """A page that tells one thing: what happened, and what to do."""

    title: Text
    body: Text
    again: bool = True  # offers to start again


MESSAGES: dict[str, Message] = {
    "foreign_browser": Message(
        Text("Diese Verbindung wurde nicht hier begonnen", "This connection was not started here"),
        Text(
            "Bitte beginnen Sie in diesem Browser von vorn. Es wurde nichts verändert.",
            "Please start again in this browser. Nothing was changed.",
        ),
    ),
    "foreign_state": Message(
        Text("Diese Antwort passt nicht zu Ihrer Anfrage", "This answer does not match your request"),
        Text(
            "Vielleicht ist die Verbindung in einem anderen Fenster noch einmal begonnen worden. "
            "Bitte beginnen Sie von vorn. Es wurde nichts verändert.",
            "The connection may have been started again in another window. Please start over. Nothing was changed.",
        ),
    ),
    "expired": Message(
        Text("Das hat zu lange gedauert", "This took too long"),
        Text(
            "Aus Sicherheitsgründen gilt eine Anmeldung zehn Minuten. Bitte beginnen Sie von vorn.",
            "For security a sign-in is valid for ten minutes. Please start again.",
        ),
    ),
    "used": Message(
        Text("Dieser Schritt ist schon erledigt", "This step is done already"),
        Text(
            "Die Antwort wurde bereits verarbeitet. Falls die Verbindung noch fehlt, beginnen Sie bitte von vorn; "
            "doppelt angelegt wird dabei nichts.",
            "The answer was processed before. If the connection is still missing, please start again; nothing will be "
            "created twice.",
        ),
    ),
    "declined": Message(
        Text("Der Zugriff wurde nicht erlaubt", "Access was not granted"),
        Text(
            "Ohne Ihre Zustimmung auf beiden Seiten wird nichts eingerichtet. Sie können jederzeit neu beginnen.",
            "Without your consent on both sides nothing is set up. You can start again at any time.",
        ),
    ),
    "consent_failed": Message(
        Text("Die Zustimmung ist fehlgeschlagen", "The consent failed"),
        Text(
            "Pleo oder lexoffice hat die Anfrage abgelehnt. Bitte versuchen Sie es noch einmal; wenn es wieder "
            "geschieht, wenden Sie sich an den Support.",
            "Pleo or lexoffice refused the request. Please try again; if it happens again, contact support.",
        ),
    ),
    "code_refused": Message(
        Text("Die Anmeldung wurde nicht angenommen", "The sign-in was not accepted"),
        Text(
            "Der Anmeldecode ist abgelaufen oder wurde schon benutzt. Bitte beginnen Sie von vorn.",
            "The sign-in code has expired or was used before. Please start again.",
        ),
    ),
    "organisation_token": Message(
        Text("Bitte wählen Sie ein einzelnes Unternehmen", "Please choose a single company"),
        Text(
            "Die Verbindung gilt je Unternehmen, nicht für eine ganze Organisation. Bitte melden Sie sich in Pleo für "
            "das Unternehmen an, das Sie verbinden möchten.",
            "A connection belongs to one company, not to a whole organisation. Please sign in to Pleo for the company "
            "you want to connect.",
        ),
    ),
    "other_organisation": Message(
        Text("Schon mit einer anderen Organisation verbunden", "Connected to another organisation already"),
        Text(
            "Dieses Pleo-Unternehmen oder diese lexoffice-Organisation gehört bereits zu einer anderen Verbindung. "
            "Die bestehende Verbindung wurde nicht verändert. Wählen Sie die richtige Organisation, oder trennen Sie "
            "zuerst die bestehende Verbindung.",
            "This Pleo company or this lexoffice organisation belongs to another connection. That connection was not "
            "changed. Choose the right organisation, or disconnect the existing one first.",
        ),
    ),
    "plan": Message(
        Text("Ihr lexoffice-Tarif enthält keine Buchhaltung", "Your lexoffice plan has no bookkeeping"),
        Text(
            "Für Belege und Bankumsätze braucht es einen Tarif mit Buchhaltung. Bitte wechseln Sie in lexoffice den "
            "Tarif und verbinden Sie dann noch einmal.",
            "Vouchers and bank lines need a plan with bookkeeping. Please change the plan in lexoffice, then connect "
            "again.",
        ),
    ),
    "missing_rights": Message(
        Text("Es fehlen Rechte", "Rights are missing"),
        Text(
            "Ihr Benutzer oder Tarif erlaubt diesen Zugriff nicht. Bitte verbinden Sie als Administrator.",
            "Your user or plan does not allow this access. Please connect as an administrator.",
        ),
    ),
    "vendor_down": Message(
        Text("Pleo oder lexoffice antwortet gerade nicht", "Pleo or lexoffice does not answer right now"),
        Text(
            "Bitte versuchen Sie es in einigen Minuten noch einmal. Es wurde nichts doppelt angelegt.",
            "Please try again in a few minutes. Nothing was created twice.",
        ),
    ),
    "half_way": Message(
        Text("Die Einrichtung ist auf halbem Weg stehen geblieben", "The set-up stopped half-way"),
        Text(
            "Die Anmeldungen haben geklappt, danach hat Pleo oder lexoffice nicht geantwortet. Verbinden Sie bitte "
            "noch einmal: was schon eingerichtet ist, bleibt, nur der Rest wird nachgeholt.",
            "Both sign-ins worked, then Pleo or lexoffice did not answer. Please connect again: what is set up stays, "
            "only the rest is done.",
        ),
    ),
    "catalogue": Message(
        Text("Die Kategorien konnten nicht übernommen werden", "The categories could not be synced"),
        Text(
            "Die Liste der Kategorien aus lexoffice war unvollständig oder wurde von Pleo nicht angenommen. Verbinden "
            "Sie bitte noch einmal; wenn es wieder geschieht, hilft der Support.",
            "The list of categories from lexoffice was incomplete, or Pleo did not accept it. Please connect again; if "
            "it happens again, support can help.",
        ),
    ),
    "account_deactivated": Message(
        Text("Das Pleo-Bankkonto ist in lexoffice deaktiviert", "The Pleo bank account is deactivated in lexoffice"),
        Text(
            "Bitte aktivieren Sie das Konto in lexoffice unter «Finanzen» → «Konten» und verbinden Sie erneut.",
            "Please activate the account in lexoffice under «Finanzen» → «Konten», then connect again.",
        ),
    ),
    "busy": Message(
        Text("Die Einrichtung läuft schon", "The set-up is running already"),
        Text(
            "Jemand richtet dieses Unternehmen gerade in einem anderen Fenster ein. Bitte warten Sie eine Minute.",
            "Somebody is setting this company up in another window. Please wait a minute.",
        ),
    ),
    "nothing_here": Message(
        Text("Hier ist nichts zu sehen", "Nothing to see here"),
        Text("In diesem Browser läuft keine Einrichtung.", "No set-up is running in this browser."),
    ),
    "unavailable": Message(
        Text("Gerade nicht möglich", "Not possible right now"),
        Text(
            "Wir können Ihre Anfrage im Moment nicht bearbeiten. Bitte versuchen Sie es in einer Minute noch einmal.",
            "We cannot handle your request at the moment. Please try again in a minute.",
        ),
        again=False,
    ),
}

START: dict[str, Text] = {
    "title": Text("Pleo mit lexoffice verbinden", "Connect Pleo with lexoffice"),
    "intro": Text(
        "Sie melden sich nacheinander bei Pleo und bei lexoffice an. Danach richten wir ein:",
        "You sign in to Pleo and then to lexoffice. After that we set up:",
    ),
    "account": Text(
        "ein Bankkonto in lexoffice, das Ihr Pleo-Wallet darstellt; Kartenzahlungen erscheinen dort von selbst",
        "a bank account in lexoffice that represents your Pleo wallet; card payments appear there by themselves",
    ),
    "categories": Text("Ihre lexoffice-Kategorien als Konten in Pleo", "your lexoffice categories as accounts in Pleo"),
    "taxes": Text("die Steuersätze in Pleo", "the tax rates in Pleo"),
    "limits_title": Text("Nicht unterstützt", "Not supported"),
    "private": Text(
        "«Privatauslage»: Auslagen, Kilometergeld und Verpflegungspauschalen werden nicht übertragen.",
        "Out-of-pocket expenses («Privatauslage»), mileage and per diems are not transferred.",
    ),
    "topups": Text(
        "Wallet-Aufladungen und -Abhebungen tragen Sie in lexoffice von Hand ein; wir listen sie mit Datum und Betrag.",
        "Wallet top-ups and withdrawals are entered in lexoffice by hand; we list them with date and amount.",
    ),
    "button": Text("Weiter zu Pleo", "Continue to Pleo"),
}

RESULT: dict[str, Text] = {
    "title": Text("Verbunden", "Connected"),
    "done": Text(
        "{company} ist mit {organisation} verbunden. Kartenzahlungen erscheinen ab jetzt von selbst in lexoffice.",
        "{company} is connected with {organisation}. From now on card payments appear in lexoffice by themselves.",
    ),
    "next_title": Text("Die nächsten Schritte in Pleo", "Next steps in Pleo"),
    "names": Text(
        "Geben Sie jeder Kategorie einen Namen, den Ihre Kolleginnen und Kollegen verstehen.",
        "Give every category a name your colleagues understand.",
    ),
    "accounts": Text("Weisen Sie den Kategorien Aufwandskonten zu.", "Assign expense accounts to the categories."),
    "contra": Text(
        "Wählen Sie als Gegenkonto «Pleo-Wallet (Bankkonto in lexoffice)».",
        "Choose «Pleo-Wallet (Bankkonto in lexoffice)» as contra account.",
    ),
}

COMMON: dict[str, Text] = {
    "again": Text("Von vorn beginnen", "Start again"),
    "other_language": Text("English", "Deutsch"),
    "product": Text("Pleo für lexoffice", "Pleo for lexoffice"),
}
