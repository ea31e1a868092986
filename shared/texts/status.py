"""Texts of the status page."""

from shared.texts.text import PluralText, Text

COUNTS: dict[str, PluralText] = {
    "waiting": PluralText(
        Text("1 Zahlung wartet.", "1 payment is waiting."),
        Text("{n} Zahlungen warten.", "{n} payments are waiting."),
    ),
    "waiting_more": PluralText(
        Text("Mindestens 1 Zahlung wartet.", "At least 1 payment is waiting."),
        Text("Mehr als {n} Zahlungen warten.", "More than {n} payments are waiting."),
    ),
    "attention_lines": PluralText(
        Text("1 Umsatz, um den Sie sich kümmern müssen", "1 payment that you must look at"),
        Text("{n} Umsätze, um die Sie sich kümmern müssen", "{n} payments that you must look at"),
    ),
    "attention_items": PluralText(
        Text("1 Ausgabe, die nicht exportiert wurde", "1 expense that was not exported"),
        Text("{n} Ausgaben, die nicht exportiert wurden", "{n} expenses that were not exported"),
    ),
    "more": PluralText(
        Text("… und 1 weitere.", "… and 1 more."),
        Text("… und {n} weitere.", "… and {n} more."),
    ),
    "more_in_file": PluralText(
        Text("… und 1 ältere in der CSV-Datei.", "… and 1 older one in the CSV file."),
        Text("… und {n} ältere in der CSV-Datei.", "… and {n} older ones in the CSV file."),
    ),
    "more_changes": PluralText(
        Text("1 weitere Änderung", "1 more change"),
        Text("{n} weitere Änderungen", "{n} more changes"),
    ),
    "using_gone": PluralText(
        Text(
            "1 Ausgabe, die noch nicht exportiert ist, benutzt sie: dort eine andere Kategorie wählen.",
            "1 expense that is not exported yet uses it: choose another category there.",
        ),
        Text(
            "{n} Ausgaben, die noch nicht exportiert sind, benutzen sie: dort eine andere Kategorie wählen.",
            "{n} expenses that are not exported yet use it: choose another category there.",
        ),
    ),
    "using_changed": PluralText(
        Text(
            "1 Ausgabe, die noch nicht exportiert ist, benutzt sie.",
            "1 expense that is not exported yet uses it.",
        ),
        Text(
            "{n} Ausgaben, die noch nicht exportiert sind, benutzen sie.",
            "{n} expenses that are not exported yet use it.",
        ),
    ),
    "pending": PluralText(
        Text("Noch nicht abgerechnet: 1 Zahlung", "Not settled yet: 1 payment"),
        Text("Noch nicht abgerechnet: {n} Zahlungen", "Not settled yet: {n} payments"),
    ),
    "pending_unknown": PluralText(
        Text(
            "Bei einer davon nennt Pleo den Betrag in Euro erst mit der Abrechnung.",
            "For one of them Pleo states the amount in euros only when it is settled.",
        ),
        Text(
            "Bei {n} davon nennt Pleo den Betrag in Euro erst mit der Abrechnung.",
            "For {n} of them Pleo states the amount in euros only when they are settled.",
        ),
    ),
    "held": PluralText(
        Text(
            "1 Buchung ist nicht eingerechnet: Was sie am Wallet bewegt hat, lässt sich aus Pleos Angaben nicht sagen.",
            "1 entry is left out: what it did to the wallet cannot be told from what Pleo states.",
        ),
        Text(
            "{n} Buchungen sind nicht eingerechnet: Was sie am Wallet bewegt haben, lässt sich aus Pleos Angaben nicht "
            "sagen.",
            "{n} entries are left out: what they did to the wallet cannot be told from what Pleo states.",
        ),
    ),
    "exported": PluralText(
        Text("{successful} von 1 Ausgabe exportiert", "{successful} of 1 expense exported"),
        Text("{successful} von {n} Ausgaben exportiert", "{successful} of {n} expenses exported"),
    ),
    "lines": PluralText(
        Text("1 Umsatz in 30 Tagen", "1 line in 30 days"),
        Text("{n} Umsätze in 30 Tagen", "{n} lines in 30 days"),
    ),
}

STATUS: dict[str, Text] = {
    "title": Text("Status der Verbindung", "Connection status"),
    "reconnect": Text("Neu verbinden", "Reconnect"),
    "connect": Text("Verbinden", "Connect"),
    "done_by": Text("Fertig gegen {time}.", "Done by about {time}."),
    "connection": Text("Verbindung", "Connection"),
    "company": Text("Ihr Unternehmen in Pleo", "Your company in Pleo"),
    "organisation": Text("Ihre Organisation in lexoffice", "Your organisation in lexoffice"),
    "since": Text("Verbunden seit", "Connected since"),
    "open_lexoffice": Text("lexoffice öffnen", "Open lexoffice"),
    "open_pleo": Text("Pleo öffnen", "Open Pleo"),
    "feed": Text("Kartenzahlungen", "Card payments"),
    "last_line": Text("Letzter Umsatz in lexoffice", "Last line in lexoffice"),
    "caught_up": Text("In Pleo zuletzt nachgesehen", "Last checked in Pleo"),
    "failing": Text(
        "Der regelmäßige Abgleich schlägt seit {since} fehl. Der nächste Versuch ist um {next}; bis dahin geht nichts "
        "verloren, und Sie müssen nichts tun.",
        "The regular sync has been failing since {since}. The next try is at {next}; nothing is lost until then, and "
        "there is nothing for you to do.",
    ),
    "waiting": Text("Unterwegs", "On their way"),
    "nothing_waiting": Text("nichts: alles ist übertragen", "nothing: everything is transferred"),
    "never": Text("noch nie", "never"),
    "look_at": Text("Darum müssen Sie sich kümmern", "You must look at these"),
    "date": Text("Datum", "Date"),
    "merchant": Text("Händler", "Merchant"),
    "amount": Text("Betrag", "Amount"),
    "what_to_do": Text("Ursache und Abhilfe", "Cause and fix"),
    "export": Text("Letzter Export", "Last export"),
    "no_export": Text(
        "Es wurde noch nichts exportiert. Klicken Sie in Pleo auf «Exportieren», wenn Ihre Ausgaben vollständig sind.",
        "Nothing has been exported yet. Click «Exportieren» in Pleo once your expenses are complete.",
    ),
    "started_at": Text("Begonnen", "Started"),
    "outcome": Text("Ergebnis", "Outcome"),
    "failed_items": Text("Nicht exportiert", "Not exported"),
    "number": Text("Nummer in Pleo", "Number in Pleo"),
    "after_fixing": Text(
        "Beheben Sie die Ursache und exportieren Sie in Pleo noch einmal. Was schon in lexoffice ist, entsteht nicht "
        "doppelt.",
        "Fix the cause, then export again in Pleo. What is in lexoffice already is not made twice.",
    ),
    "match_next": Text(
        "Als Nächstes: in lexoffice unter «Finanzen» → «Bank» → «Pleo…» den Reiter «Zuordnungsvorschläge» öffnen "
        "und die Vorschläge genehmigen.",
        "Next: in lexoffice open «Finanzen» → «Bank» → «Pleo…», tab «Zuordnungsvorschläge», and approve the "
        "suggestions.",
    ),
    "sync": Text("Kategorien und Steuersätze", "Categories and tax codes"),
    "synced_at": Text("Zuletzt abgeglichen", "Last synced"),
    "changed_at": Text("Letzte Änderung", "Last change"),
    "sync_refused": Text("Kategorien, die nicht übernommen wurden", "Categories that were not taken over"),
    "sync_now": Text("Jetzt abgleichen", "Sync now"),
    "sync_accept": Text("Änderungen trotzdem übernehmen", "Take over the changes anyway"),
    "sync_requested": Text(
        "Der Abgleich ist angefordert und dauert meist wenige Sekunden. Laden Sie diese Seite dann neu.",
        "The sync is requested and usually takes a few seconds. Then load this page again.",
    ),
    "no_changes": Text(
        "Seit dem Verbinden hat sich in lexoffice nichts geändert.",
        "Nothing has changed in lexoffice since connecting.",
    ),
    "hand": Text("In lexoffice von Hand eintragen", "To enter in lexoffice by hand"),
    "hand_intro": Text(
        "Aufladungen, Abhebungen und Erstattungen stehen nicht auf der Exportseite von Pleo. Sie bewegen aber das "
        "Wallet und gehören in die Bücher.",
        "Top-ups, withdrawals and reimbursements are not on Pleo's export page. They do move the wallet, and belong in "
        "the books.",
    ),
    "hand_none": Text("Bisher gibt es keine solchen Bewegungen.", "There are no such movements so far."),
    "hand_how_title": Text("So tragen Sie sie ein", "How to enter them"),
    "hand_how_account": Text(
        "Legen Sie in lexoffice unter «Finanzen» → «Bank» auf dem Konto «Pleo…» einen Umsatz mit Datum, Betrag "
        "und Richtung aus dieser Liste an.",
        "In lexoffice, under «Finanzen» → «Bank», add a line to the account «Pleo…» with date, amount and "
        "direction from this list.",
    ),
    "hand_how_transit": Text(
        "Aufladung und Auszahlung: Ordnen Sie diesen Umsatz und die Überweisung auf Ihrem Bankkonto beide der "
        "Kategorie «Geldtransit» zu; dort gleichen sie sich aus.",
        "Top-up and withdrawal: assign both this line and the transfer on your bank account to the category "
        "«Geldtransit»; there they cancel out.",
    ),
    "hand_how_reimbursement": Text(
        "Erstattung: Ordnen Sie den Umsatz dem Beleg zu, den Sie für die Auslage erfasst haben.",
        "Reimbursement: assign the line to the voucher that you entered for the expense.",
    ),
    "direction": Text("Richtung", "Direction"),
    "kind": Text("Art", "Kind"),
    "download": Text("Alle als CSV-Datei laden", "Download all as CSV"),
    "proof": Text("Kontostand, erklärt", "The balance, explained"),
    "proof_lines": Text("Umsätze, die wir übertragen haben", "Lines we transferred"),
    "proof_hand": Text("Bewegungen, die Sie von Hand eintragen", "Movements you enter by hand"),
    "proof_opening": Text("Anfangsbestand am Startdatum", "Opening balance on the start date"),
    "proof_total": Text("Ergibt das Wallet seit dem {day}", "Makes the wallet since {day}"),
    "proof_sum": Text("Ergibt das Wallet", "Makes the wallet"),
    "proof_unexplained": Text("Nicht zu erklären", "Not explained"),
    "proof_unexplained_body": Text(
        "Was Pleo nennt und was in lexoffice steht, weicht ab, ohne dass wir wissen, warum. Wir sind benachrichtigt "
        "und gehen dem nach.",
        "What Pleo states and what is in lexoffice differ, and we do not know why. We have been told and look into it.",
    ),
    "proof_at": Text(
        "Zuletzt nachgerechnet {moment} ({age}): Nach Pleos Buchungen liegen {wallet} im Wallet.",
        "Last added up {moment} ({age}): by Pleo's entries the wallet holds {wallet}.",
    ),
    "proof_never": Text(
        "Geprüft wird der Kontostand täglich, zum ersten Mal einen Tag nach dem Verbinden.",
        "The balance is checked daily, for the first time a day after connecting.",
    ),
    "proof_tried": Text(
        "Der letzte Versuch ({moment}) ergab noch nichts Sicheres, zum Beispiel weil gerade Umsätze übertragen wurden. "
        "Wir rechnen von selbst noch einmal nach.",
        "The last try ({moment}) was inconclusive, for example because lines were being transferred. We add it up "
        "again by ourselves.",
    ),
    "proof_now": Text("Jetzt prüfen", "Check now"),
    "proof_requested": Text(
        "Die Prüfung ist angefordert und liest alles seit dem Startdatum noch einmal: meist wenige Sekunden, bei sehr "
        "vielen Buchungen einige Minuten. Laden Sie diese Seite dann neu.",
        "The check is requested and reads everything since the start date once more: a few seconds mostly, some "
        "minutes with very many entries. Then load this page again.",
    ),
    "proof_pending_means": Text(
        "Noch nicht abgerechnet heißt: Pleo hat den Betrag schon reserviert und zieht ihn vom verfügbaren Guthaben ab; "
        "der Umsatz in lexoffice folgt mit der Abrechnung.",
        "Not settled yet means: Pleo has reserved the amount and deducts it from what is available; the line in "
        "lexoffice follows when it is settled.",
    ),
    "proof_attention": Text("Ein Kontostand, der sich nicht erklären lässt", "A balance that cannot be explained"),
    "proof_pushed": Text("Kontostand, der in lexoffice angezeigt wird", "Balance shown in lexoffice"),
    "proof_not_told": Text("noch nicht gemeldet", "not told yet"),
    "proof_waiting": Text("Noch nicht enthalten: unterwegs", "Not included yet: on their way"),
    "proof_failed": Text("Noch nicht enthalten: von lexoffice abgelehnt", "Not included yet: refused by lexoffice"),
    "proof_equal": Text(
        "Beides stimmt überein. Weicht die Summe der Umsätze in lexoffice davon ab, fehlen dort Bewegungen, die von "
        "Hand einzutragen sind.",
        "Both agree. If the lines in lexoffice add up to something else, movements are missing there that are entered "
        "by hand.",
    ),
    "proof_differs": Text(
        "Der neue Kontostand wird mit den nächsten Umsätzen gemeldet.",
        "The new balance is told together with the next lines.",
    ),
    "charts": Text("Die letzten 30 Tage", "The last 30 days"),
    "chart_lines": Text("Umsätze je Tag", "Lines per day"),
    "chart_delay": Text("Dauer von der Zahlung bis lexoffice", "Time from payment to lexoffice"),
    "chart_none": Text("Noch gibt es nichts zu zeigen.", "There is nothing to show yet."),
    "chart_most": Text("am meisten am {day}: {n}", "most on {day}: {n}"),
    "chart_typical": Text(
        "Im Mittel {mean}, am längsten {longest} ({day}). Dunkel: Mittel des Tages, hell: die langsamste Zahlung.",
        "{mean} on average, {longest} at most ({day}). Dark: the day's average, light: the slowest payment.",
    ),
    "chart_table": Text("Zahlen als Tabelle", "Figures as a table"),
    "chart_mean": Text("Mittel", "Average"),
    "chart_longest": Text("am längsten", "longest"),
    "manage": Text("Verbindung verwalten", "Manage the connection"),
    "manage_reconnect": Text(
        "Neu verbinden behält Konto, Kategorien und alles, was schon übertragen ist.",
        "Reconnecting keeps the account, the categories and everything that was transferred.",
    ),
    "manage_disconnect": Text(
        "Trennen beendet die Übertragung. Vorher sehen Sie, was gelöscht wird und was bleibt.",
        "Disconnecting ends the transfer. Before that you see what is deleted and what stays.",
    ),
    "disconnect": Text("Trennen …", "Disconnect …"),
    "times": Text("Alle Zeiten in deutscher Zeit.", "All times in German time."),
}
