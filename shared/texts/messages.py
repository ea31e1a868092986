"""Texts of pages with a single message, and texts that every page shows."""

from dataclasses import dataclass

from shared.texts.text import Text


@dataclass(frozen=True, slots=True)
class Message:
    """A page with one message: what happened, and what to do."""

    title: Text
    body: Text
    way: str = "again"  # target of the button: again or connect (both to /connect), status, or "" for no button
    stays: bool = False  # the page reloads until there is something new


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
            "Die bestehende Verbindung wurde nicht verändert. Bitte wählen Sie die Organisation, mit der das "
            "Unternehmen schon verbunden war; soll es eine andere sein, hilft der Support.",
            "This Pleo company or this lexoffice organisation belongs to another connection. That connection was not "
            "changed. Please choose the organisation the company was connected with; if it is to be another one, "
            "support can help.",
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
            "Die Liste der Kategorien aus lexoffice war unvollständig oder wurde von Pleo nicht angenommen. Bitte "
            "versuchen Sie es noch einmal; wenn es wieder geschieht, hilft der Support.",
            "The list of categories from lexoffice was incomplete, or Pleo did not accept it. Please try again; if it "
            "happens again, support can help.",
        ),
    ),
    "account_deactivated": Message(
        Text("Das Pleo-Konto ist in lexoffice deaktiviert", "The Pleo account is deactivated in lexoffice"),
        Text(
            "Bitte aktivieren Sie das Konto in lexoffice unter «Finanzen» → «Konten» und verbinden Sie erneut.",
            "Please activate the account in lexoffice under «Finanzen» → «Konten», then connect again.",
        ),
    ),
    "foreign_form": Message(
        Text("Dieses Formular kam nicht von unserer Seite", "This form did not come from our page"),
        Text(
            "Vielleicht war die Seite zu lange offen, oder Sie sind inzwischen abgemeldet. Es wurde nichts verändert. "
            "Bitte öffnen Sie die Seite neu und versuchen Sie es noch einmal.",
            "The page may have been open for too long, or you have been signed out. Nothing was changed. Please open "
            "the page again and try once more.",
        ),
        way="status",
    ),
    "not_connected": Message(
        Text("Dieses Unternehmen ist nicht verbunden", "This company is not connected"),
        Text(
            "Für das Unternehmen, für das Sie sich bei Pleo angemeldet haben, gibt es keine Verbindung mit lexoffice.",
            "There is no connection with lexoffice for the company you signed in to Pleo for.",
        ),
        way="connect",
    ),
    "disconnecting": Message(
        Text("Die Verbindung wird getrennt", "The connection is being ended"),
        Text(
            "Es wird nichts mehr übertragen. Der Zugriff auf Pleo und lexoffice wird gerade widerrufen; diese "
            "Seite aktualisiert sich von selbst.",
            "Nothing is transferred any more. Access to Pleo and lexoffice is being revoked; this page refreshes "
            "by itself.",
        ),
        way="",
        stays=True,
    ),
    "disconnected": Message(
        Text("Die Verbindung ist getrennt", "The connection has ended"),
        Text(
            "Der Zugriff auf Pleo und lexoffice ist widerrufen, die Schlüssel dazu sind gelöscht. Was schon in "
            "lexoffice steht, bleibt dort. Sie können dieselbe Organisation jederzeit wieder verbinden.",
            "Access to Pleo and lexoffice was revoked, and the keys to it were deleted. What is in lexoffice stays "
            "there. You can connect the same organisation again at any time.",
        ),
        way="connect",
    ),
    "disconnected_unconfirmed": Message(
        Text("Die Verbindung ist getrennt", "The connection has ended"),
        Text(
            "Die Schlüssel sind bei uns gelöscht, aber Pleo oder lexoffice hat das Ende nicht bestätigt. Bitte sehen "
            "Sie in beiden nach, ob die Verbindung dort noch aufgeführt ist, und entfernen Sie sie gegebenenfalls. Was "
            "schon in lexoffice steht, bleibt dort.",
            "The keys were deleted here, but Pleo or lexoffice did not confirm its end. Please check in both whether "
            "the connection is still listed, and remove it there if it is. What is in lexoffice stays there.",
        ),
        way="connect",
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
        way="",
    ),
}

COMMON: dict[str, Text] = {
    "again": Text("Von vorn beginnen", "Start again"),
    "connect": Text("Mit lexoffice verbinden", "Connect with lexoffice"),
    "status": Text("Zur Statusseite", "To the status page"),
    "other_language": Text("English", "Deutsch"),
    "product": Text("Pleo für lexoffice", "Pleo for lexoffice"),
    "skip": Text("Zum Inhalt", "Skip to content"),
    "sign_out": Text("Abmelden", "Sign out"),
}
