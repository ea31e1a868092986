"""Texts of the pages for connecting, signing in and disconnecting."""

from shared.texts.text import Text

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
    "needs": Text(
        "Sie brauchen dazu Administratorrechte auf beiden Seiten und einen lexoffice-Tarif mit Buchhaltung.",
        "You need to be an administrator on both sides, and a lexoffice plan with bookkeeping.",
    ),
    "limits_title": Text("Nicht unterstützt", "Not supported"),
    "private": Text(
        "«Privatauslage»: Auslagen, Kilometergeld und Verpflegungspauschalen werden nicht übertragen.",
        "Out-of-pocket expenses («Privatauslage»), mileage and per diems are not transferred.",
    ),
    "topups": Text(
        "Wallet-Aufladungen und \N{NON-BREAKING HYPHEN}Abhebungen tragen Sie in lexoffice von Hand ein; wir listen sie "
        "mit Datum und Betrag.",
        "Wallet top-ups and withdrawals are entered in lexoffice by hand; we list them with date and amount.",
    ),
    "start_title": Text("Ab wann?", "From when on?"),
    "start_day": Text("Startdatum", "Start date"),
    "start_help": Text(
        "Was Pleo ab diesem Tag abgerechnet hat, erscheint in lexoffice, auch rückwirkend bis zu zwei Jahre. Wählen "
        "Sie einen Tag, bis zu dem Ihre Bücher schon vollständig sind. Das Datum gilt nur beim ersten Verbinden und "
        "steht dann fest; neu zu verbinden ändert es nicht.",
        "What Pleo settled from this day on appears in lexoffice, up to two years back. Choose a day up to which your "
        "books are complete already. The date counts only when you connect for the first time and is fixed then; "
        "reconnecting does not change it.",
    ),
    "opening": Text(
        "Anfangsbestand: Wallet am Anfang dieses Tages (EUR)",
        "Opening balance: the wallet at the beginning of this day (EUR)",
    ),
    "opening_help": Text(
        "Wenn Sie ihn kennen, zum Beispiel 1.234,56. Damit stimmt der Kontostand in lexoffice mit dem Wallet überein. "
        "Ohne Angabe beginnt er bei null.",
        "If you know it, for example 1,234.56. The balance in lexoffice then agrees with the wallet. Left empty it "
        "begins at zero.",
    ),
    "wrong_day": Text(
        "Bitte wählen Sie einen Tag zwischen heute und heute vor zwei Jahren.",
        "Please choose a day between today and two years ago.",
    ),
    "wrong_opening": Text(
        "Bitte geben Sie den Betrag in Euro an, nicht negativ, zum Beispiel 1.234,56.",
        "Please state the amount in euros, not negative, for example 1,234.56.",
    ),
    "button": Text("Weiter zu Pleo", "Continue to Pleo"),
    "revocable": Text("Sie können die Verbindung jederzeit wieder trennen.", "You can disconnect again at any time."),
}

RESULT: dict[str, Text] = {
    "title": Text("Verbunden", "Connected"),
    "done": Text(
        "{company} ist mit {organisation} verbunden. Kartenzahlungen erscheinen ab jetzt von selbst in lexoffice.",
        "{company} is connected with {organisation}. From now on card payments appear in lexoffice by themselves.",
    ),
    "next_title": Text("Die nächsten Schritte in Pleo", "Next steps in Pleo"),
    "names": Text(
        "Geben Sie jeder Kategorie einen Namen, den Ihre Kolleginnen und Kollegen verstehen («Einstellungen» → "
        "«Kategorien»).",
        "Give every category a name your colleagues understand («Einstellungen» → «Kategorien»).",
    ),
    "accounts": Text("Weisen Sie den Kategorien Aufwandskonten zu.", "Assign expense accounts to the categories."),
    "contra": Text(
        "Wählen Sie als Gegenkonto «Pleo-Wallet (Bankkonto in lexoffice)» («Einstellungen» → «Buchhaltung»).",
        "Choose «Pleo-Wallet (Bankkonto in lexoffice)» as contra account («Einstellungen» → «Buchhaltung»).",
    ),
    "pleo": Text("Pleo öffnen", "Open Pleo"),
    "then_title": Text("Danach, immer wieder", "After that, again and again"),
    "export": Text("Exportieren Sie Ihre Ausgaben aus Pleo.", "Export your expenses from Pleo."),
    "approve": Text(
        "Genehmigen Sie in lexoffice unter «Finanzen» → «Bank» → «Pleo…» die «Zuordnungsvorschläge». Danach "
        "stehen die Umsätze unter «Alle Umsätze», die Belege unter «Belege».",
        "In lexoffice, under «Finanzen» → «Bank» → «Pleo…», approve the «Zuordnungsvorschläge». After that the "
        "lines are under «Alle Umsätze», the vouchers under «Belege».",
    ),
    "hand": Text(
        "Tragen Sie Wallet-Aufladungen und \N{NON-BREAKING HYPHEN}Abhebungen von Hand ein; die Statusseite listet sie.",
        "Enter wallet top-ups and withdrawals by hand; the status page lists them.",
    ),
    "lexoffice": Text("lexoffice öffnen", "Open lexoffice"),
    "status": Text("Zur Statusseite", "To the status page"),
}

SIGN_IN: dict[str, Text] = {
    "title": Text("Anmelden", "Sign in"),
    "body": Text(
        "Den Status Ihrer Verbindung sehen Sie, sobald Pleo bestätigt hat, dass Sie zu Ihrem Unternehmen gehören. Beim "
        "Anmelden wird nichts verbunden und nichts verändert.",
        "You see the status of your connection once Pleo has confirmed that you belong to your company. Signing in "
        "connects nothing and changes nothing.",
    ),
    "button": Text("Mit Pleo anmelden", "Sign in with Pleo"),
    "session": Text(
        "Nach 30 Minuten werden Sie von selbst abgemeldet.", "After 30 minutes you are signed out automatically."
    ),
}

PROGRESS: dict[str, Text] = {
    "title": Text("Ihre Verbindung wird eingerichtet", "Your connection is being set up"),
    "stopped_title": Text("Die Einrichtung ist stehen geblieben", "The set-up has stopped"),
    "lead": Text(
        "Das dauert meist weniger als eine halbe Minute. Diese Seite aktualisiert sich von selbst.",
        "This usually takes less than half a minute. This page refreshes by itself.",
    ),
    "slow": Text(
        "Es dauert länger als üblich. Sie können warten oder die Einrichtung fortsetzen; doppelt angelegt wird nichts.",
        "It takes longer than usual. You can wait, or continue the set-up; nothing is created twice.",
    ),
    "stopped": Text(
        "Was schon eingerichtet ist, bleibt. Nur der Rest wird nachgeholt.",
        "What is set up stays. Only the rest is done.",
    ),
    "reload": Text("Jetzt nachsehen", "Look now"),
    "resume": Text("Einrichtung fortsetzen", "Continue the set-up"),
}

DISCONNECT: dict[str, Text] = {
    "title": Text("Verbindung trennen", "Disconnect"),
    "lead": Text("{company} (Pleo) und {organisation} (lexoffice)", "{company} (Pleo) and {organisation} (lexoffice)"),
    "at_once_title": Text("Sofort", "At once"),
    "stops": Text(
        "Neue Kartenzahlungen erscheinen nicht mehr in lexoffice, und aus Pleo kann nicht mehr exportiert werden.",
        "New card payments no longer appear in lexoffice, and nothing can be exported from Pleo any more.",
    ),
    "access": Text(
        "Wir widerrufen unseren Zugriff auf beiden Seiten und löschen die Schlüssel dazu.",
        "We revoke our access on both sides and delete the keys to it.",
    ),
    "sessions": Text("Alle Anmeldungen auf dieser Seite enden.", "Everybody who is signed in here is signed out."),
    "later_title": Text("Später", "Later"),
    "later": Text(
        "Nach {days} Tagen löschen wir personenbezogene Daten: Händler, Verwendungszwecke und Angaben aus Exporten.",
        "After {days} days we delete personal data: merchants, purposes and what exports said.",
    ),
    "stays_title": Text("Das bleibt", "What stays"),
    "books": Text(
        "Das Bankkonto, die Umsätze und die Belege in lexoffice gehören Ihnen und bleiben unverändert.",
        "The bank account, the lines and the vouchers in lexoffice are yours and stay as they are.",
    ),
    "retention": Text(
        "Die gesetzliche Aufbewahrung (§ 147 AO, GoBD: Buchungsbelege acht, Bücher zehn Jahre) betrifft diese Bücher "
        "in lexoffice; das Trennen ändert daran nichts.",
        "Statutory retention (§ 147 AO, GoBD: vouchers eight, books ten years) concerns these books in lexoffice; "
        "disconnecting changes nothing about it.",
    ),
    "ledger": Text(
        "Bei uns bleiben Kennungen, Beträge und Daten ohne Namen, damit nach einem erneuten Verbinden nichts doppelt "
        "gebucht wird.",
        "We keep ids, amounts and dates without names, so that nothing is booked twice if you connect again.",
    ),
    "again": Text(
        "Sie können dieselbe Organisation jederzeit wieder verbinden.",
        "You can connect the same organisation again at any time.",
    ),
    "button": Text("Jetzt trennen", "Disconnect now"),
    "back": Text("Abbrechen", "Cancel"),
}
