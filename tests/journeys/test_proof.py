"""The balance proof as an admin asks for it: what is reserved, what waits, and that not a cent is unexplained."""

import pytest

from .company import Company
from .test_drift import status_page

pytestmark = pytest.mark.journey


def test_the_admin_has_the_balance_checked_and_sees_what_makes_it_up(company: Company) -> None:
    company.is_fed(company.spend(2_677))
    company.pay(amount=1_250)  # not settled yet
    company.pay(family="WALLET", subFamily="LOAD", amount=50_000)
    assert "Noch nicht abgerechnet" not in status_page(company)

    company.browser.press("/status/request", request="prove_balance")

    company.world.eventually(
        lambda: "Zuletzt nachgerechnet heute" in _words(status_page(company)), what="the proof on the page"
    )
    page = _words(status_page(company))
    assert "Noch nicht abgerechnet: 1 Zahlung" in page
    assert "−12,50 €" in page
    assert "Nicht zu erklären" not in page
    proof = company.world.item("LedgerTable", connection_id=company.connection_id, row="PROOF")
    assert proof
    assert (proof["sums"]["effect"], proof["pending"]["cents"]) == (47_323, -1_250)


def _words(page: str) -> str:
    return page.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")
