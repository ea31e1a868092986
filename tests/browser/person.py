"""What a person does at the browser to connect, pay, export and look: by clicking what can be seen, nothing else.

Everything is found by role and label, as a screen reader would. Our pages are read in the browser's language, the
stand-ins speak German. The one address that is typed is the one that `make up` prints.
"""

import re
import time
from dataclasses import dataclass

from journeys.company import Company
from playwright.sync_api import Locator, Page, expect

from shared.texts.connect import SIGN_IN, START
from shared.texts.expense import ASK
from shared.texts.status import STATUS
from shared.texts.text import Language

from .accessibility import violations

ACCOUNT = re.compile("^Pleo ")  # what our pages call it
_SECONDS = 40


@dataclass
class Person:
    """The admin and bookkeeper of one company, whose name is the same at Pleo and in lexoffice."""

    page: Page
    company: Company
    language: Language = "de"

    @property
    def name(self) -> str:
        """What the company is called on both sides."""
        return str(self.company.organisation["companyName"])

    # -------------------------------------------------------------------------------------------- our pages
    def reads(self, title: str) -> None:
        """The page has this heading, says its language to screen readers, and is accessible."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)
        expect(self.page.locator("html")).to_have_attribute("lang", self.language)
        assert violations(self.page) == []

    def begins_to_connect(self) -> None:
        """From what will be set up to both consents."""
        self.page.get_by_role("button", name=START["button"].in_(self.language)).click()
        self.consents_at_pleo()
        self.consents_at_lexoffice()

    def consents_at_pleo(self) -> None:
        """«Zugriff erlauben» for the company."""
        self.page.get_by_label("Firma").select_option(label=self.name)
        self.page.get_by_role("button", name="Zugriff erlauben").click()

    def consents_at_lexoffice(self) -> None:
        """Logged in, «Zugriff erlauben» for the organisation."""
        expect(self.page.get_by_text("Angemeldet als Buchhaltung")).to_be_visible()
        self.page.get_by_role("radio", name=self.name).check()
        self.page.get_by_role("button", name="Zugriff erlauben").click()

    def opens_the_status_page(self) -> None:
        """From Pleo's settings, signing in by Pleo's consent."""
        self.opens_accounting_settings()
        self.page.get_by_role("link", name="Einstellungen der Verbindung").click()
        self.reads(SIGN_IN["title"].in_(self.language))
        self.page.get_by_role("button", name=SIGN_IN["button"].in_(self.language)).click()
        self.consents_at_pleo()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(STATUS["title"].in_(self.language))

    def section(self, name: str) -> Locator:
        """A section of the status page, by the name of its heading's text."""
        return self.page.get_by_role("region", name=STATUS[name].in_(self.language))

    def looks_up(self, number: str) -> None:
        """An expense by its number, on the status page or on that of another expense."""
        self.page.get_by_label(ASK["label"].in_(self.language)).fill(number)
        self.page.get_by_role("button", name=ASK["button"].in_(self.language)).click()

    # -------------------------------------------------------------------------------------------- Pleo
    def types_the_address(self) -> None:
        """The one that `make up` prints leads to Pleo's home page."""
        self.page.goto(self.company.world.stack.start_url)
        self._chooses_the_company()

    def goes_to_pleo(self) -> None:
        """By the link that every page of lexoffice has, or by the button on ours."""
        ours = (STATUS["open_pleo"].de, STATUS["open_pleo"].en)
        self.page.get_by_role("link", name=re.compile("|".join(("Zu Pleo", *ours)))).click()
        self._chooses_the_company()

    def _chooses_the_company(self) -> None:
        self.page.get_by_role("link", name=self.name).click()
        expect(self.page.get_by_role("heading", name=f"Willkommen bei {self.name}")).to_be_visible()

    def opens_accounting_settings(self) -> None:
        """«Einstellungen» → «Buchhaltung»."""
        self._menu("Einstellungen")
        self.page.get_by_role("link", name="Buchhaltung").click()

    def opens_categories(self) -> None:
        """«Kategorien»."""
        self._menu("Kategorien")

    def pays_with_a_card(self, merchant: str, amount: str) -> None:
        """Pays, and the merchant settles it."""
        self._menu("Wallet")
        form = self.page.get_by_role("form", name="Mit Karte bezahlen")
        form.get_by_label("Händler").fill(merchant)
        form.get_by_label("Betrag in EUR").fill(amount)
        form.get_by_role("button", name="Bezahlen").click()

        payment = self.page.get_by_role("row", name=merchant)
        expect(payment).to_contain_text("Ausstehend")
        payment.get_by_role("button", name="Abrechnen").click()
        expect(payment).to_contain_text("Abgerechnet")

    def opens_the_expense(self, merchant: str) -> str:
        """One expense on the page «Export»; the number that Pleo shows for it."""
        self._menu("Export")
        self.page.get_by_role("link", name=merchant).first.click()
        about = self.page.get_by_text("Buchungsnummer").inner_text()
        return about.rpartition(" ")[2]

    def chooses_the_category(self, category: str) -> None:
        """On the page of an expense."""
        coding = self.page.get_by_role("form", name="Kontierung")
        coding.get_by_label("Kategorie").select_option(label=category)
        coding.get_by_role("button", name="Speichern").click()
        expect(coding.get_by_role("paragraph")).to_contain_text(category)

    def adds_a_receipt(self) -> None:
        """On the page of an expense."""
        receipts = self.page.get_by_role("form", name="Belege")
        receipts.get_by_role("button", name="Beleg hinzufügen").click()
        expect(receipts.get_by_role("link")).to_have_count(1)

    def exports(self) -> Locator:
        """«Exportieren» with what is ticked, until the job is over; what the page says about it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Exportieren", exact=True).click()
        self.reloads_until(self.page.get_by_role("region", name="Laufender Export"), gone=True)
        return self.page.get_by_role("region", name="Export vom").first

    # -------------------------------------------------------------------------------------------- lexoffice
    def goes_to_lexoffice(self) -> None:
        """From Pleo's home page to the organisation's bank accounts."""
        self._menu("Start")
        self.page.get_by_role("link", name="lexoffice öffnen").click()
        self.chooses_the_organisation()

    def chooses_the_organisation(self) -> None:
        """On lexoffice's home page."""
        self.page.get_by_role("link", name=self.name).click()
        expect(self.page.get_by_role("heading", name="Bank")).to_be_visible()

    def opens_all_transactions(self) -> None:
        """«Finanzen» → «Bank» → the wallet's account, tab «Alle Umsätze»."""
        self._menu("Bank")
        self.page.get_by_role("link", name=ACCOUNT).click()
        expect(self.page.get_by_role("heading", level=1, name=ACCOUNT)).to_be_visible()

    def opens_vouchers(self) -> None:
        """«Belege»."""
        self._menu("Belege")

    def opens_suggestions(self) -> None:
        """The same account, tab «Zuordnungsvorschläge»."""
        self.opens_all_transactions()
        self.page.get_by_role("link", name="Zuordnungsvorschläge").click()

    def withdraws_the_access(self) -> None:
        """«Verbundene Apps» → «Zugriff entziehen»."""
        self._menu("Verbundene Apps")
        self.page.get_by_role("button", name="Zugriff entziehen").click()
        expect(self.page.get_by_text("Keine App hat Zugriff.")).to_be_visible()

    # -------------------------------------------------------------------------------------------- waiting
    def reloads_until(self, shown: Locator, *, gone: bool = False, seconds: float = _SECONDS) -> None:
        """What arrives (or goes) by itself is seen after a reload; pages have no script."""
        deadline = time.monotonic() + seconds
        while bool(shown.count()) is gone:
            assert time.monotonic() < deadline, f"not within {seconds} s: {shown}"
            self.page.reload()

    def _menu(self, entry: str) -> None:
        menu = self.page.get_by_role("navigation", name="Hauptmenü")
        menu.get_by_role("link", name=entry, exact=True).click()
