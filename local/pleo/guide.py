"""«So geht es weiter» on the home page: the help article as a list of steps, with the completed ones marked."""

from dataclasses import dataclass
from urllib.parse import urlencode

from local.pleo.world import PleoCompany, PleoWorld


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step. `url` leads to its page. `done` says whether it is completed; None if that is unknown."""

    title: str
    how: str
    url: str
    done: bool | None


def steps(world: PleoWorld, company: PleoCompany) -> list[GuideStep]:
    """Return the steps from an unconnected company to an approved match."""
    query = urlencode({"company": company.id})
    entries = [row for row in world.entries.values() if row["companyId"] == company.id]
    paid = any(row["family"] == "CARD_PURCHASE" and row["status"] == "COMPLETED" for row in entries)
    return [
        GuideStep(
            "lexoffice verbinden",
            "«Einstellungen» → «Buchhaltung» → lexoffice → «Verbinden», dann auf beiden Seiten «Zugriff erlauben».",
            f"/settings/accounting?{query}",
            world.installations.get(company.id, {}).get("status") == "ACTIVATED",
        ),
        GuideStep(
            "Kategorie anlegen",
            "Ein Name, den Mitarbeitende verstehen, dazu ein Konto und ein Steuersatz aus lexoffice.",
            f"/categories?{query}",
            any(row["companyId"] == company.id for row in world.categories.values()),
        ),
        GuideStep(
            "Gegenkonto festlegen",
            "«Pleo-Wallet (Bankkonto in lexoffice)» auswählen.",
            f"/categories?{query}#contra-account",
            company.id in world.contra_accounts,
        ),
        GuideStep(
            "Mit Karte bezahlen",
            "Betrag eingeben, «Bezahlen», dann «Abrechnen». Sekunden später steht der Umsatz in lexoffice.",
            f"/wallet?{query}",
            paid,
        ),
        GuideStep(
            "Ausgabe exportieren",
            "Ausgabe anklicken, Kategorie wählen, Beleg hinzufügen; zurück unter «Export» auf «Exportieren» klicken.",
            f"/export?{query}",
            any(row["exportStatus"] == "EXPORTED" for row in entries),
        ),
        GuideStep(
            "Zuordnung genehmigen",
            "In lexoffice: «Finanzen» → «Bank» → «Pleo…» → «Zuordnungsvorschläge». Danach steht alles unter "
            "«Alle Umsätze», die Belege unter «Belege».",
            world.settings.lexoffice_url,
            None,
        ),
    ]
