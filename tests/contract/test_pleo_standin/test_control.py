"""The stand-in's control surface, its wallet arithmetic and the pages a person clicks."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

from .driver import REDIRECT, SETTINGS, add_account

OPENING = 500_000
SETTLED = {"settledAt": "2026-03-02T10:00:00Z"}


def moved(pleo: Driver) -> int:
    return int(pleo.control("GET", f"/wallet/{DEFAULT_COMPANY_ID}")["minors"]) - OPENING


def refused(pleo: Driver, method: str, path: str, body: Any) -> int:
    return pleo.http.request(method, f"/control{path}", json=body).status_code


# --- wallet ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (SETTLED, -1000),
        (SETTLED | {"subFamily": "ATM"}, -1000),
        (SETTLED | {"refund": True}, 1000),
        ({"status": "PENDING"}, 0),
        ({"family": "CASHBACK"}, 1000),
        ({"family": "WALLET", "subFamily": "LOAD"}, 1000),
        ({"family": "WALLET", "subFamily": "UNLOAD"}, -1000),
        ({"family": "WALLET", "subFamily": "WITHDRAWAL"}, -1000),
        ({"family": "BALANCE_AMENDMENT", "subFamily": "LOAD"}, 1000),
        ({"family": "OVERDRAFT", "subFamily": "INTEREST"}, -1000),
        ({"family": "PLEO_INVOICE", "subFamily": "PLEO_INVOICE"}, -1000),
        ({"family": "PLEO_INVOICE", "subFamily": "PLEO_INVOICE_REFUND"}, 1000),
        ({"family": "REIMBURSEMENT", "subFamily": "REIMBURSEMENT_TO_EMPLOYEE"}, -1000),
        (
            {
                "family": "REIMBURSEMENT",
                "subFamily": "REIMBURSEMENT_TO_EMPLOYEE",
                "status": "COMPLETED_EXTERNALLY",
                "settledAt": "2026-03-02T10:00:00Z",
            },
            0,
        ),
        ({"family": "BILL_INVOICE_PAYMENT"}, -1000),
        ({"family": "BILL_INVOICE_PAYMENT", "subFamily": "BILL_INVOICE_PAYMENT_RETURNED"}, 1000),
        ({"family": "BILL_INVOICE"}, 0),
        ({"family": "OUT_OF_POCKET"}, 0),
        ({"family": "MILEAGE"}, 0),
        ({"family": "PER_DIEM"}, 0),
    ],
)
@pytest.mark.parametrize("sign", ["unsigned", "signed"])
def test_each_kind_of_entry_moves_the_wallet_its_own_way(
    pleo: Driver, order: dict[str, Any], expected: int, sign: str
) -> None:
    pleo.control("POST", "/switches", {"non_card_sign": sign})

    pleo.control("POST", "/entries", order | {"amount": 1000})

    assert moved(pleo) == expected


def test_the_amount_of_settlement_counts_and_not_that_of_the_authorisation(pleo: Driver) -> None:
    entry_id = pleo.control("POST", "/entries", {"amount": 1000})["id"]
    before = moved(pleo)

    pleo.control("POST", f"/entries/{entry_id}/settle", {"billMinors": 1234})

    assert (before, moved(pleo)) == (0, -1234)


def test_a_foreign_payment_needs_its_amount_in_the_wallets_currency(pleo: Driver) -> None:
    foreign = {"transactionValue": {"currency": "JPY", "minors": 1500}}
    entry_id = pleo.control("POST", "/entries", foreign)["id"]

    without = refused(pleo, "POST", f"/entries/{entry_id}/settle", {})
    pleo.control("POST", f"/entries/{entry_id}/settle", {"billMinors": 921})

    assert without == 400
    assert moved(pleo) == -921


def test_only_a_pending_entry_can_be_settled_or_cancelled(pleo: Driver) -> None:
    entry_id = pleo.control("POST", "/entries", SETTLED)["id"]

    assert refused(pleo, "POST", f"/entries/{entry_id}/settle", {}) == 409
    assert refused(pleo, "POST", f"/entries/{entry_id}/cancel", {}) == 409


@pytest.mark.parametrize(
    "order", [{"amount": 9.99}, {"colour": 1}, {"settledAt": "2026-03-02"}, {"transactionValue": {"minors": 1}}]
)
def test_an_order_that_makes_no_sense_is_refused(pleo: Driver, order: dict[str, Any]) -> None:
    assert refused(pleo, "POST", "/entries", order) == 400


def test_a_thousand_entries_are_made_in_one_quick_call(pleo: Driver) -> None:
    started = time.perf_counter()

    ids = pleo.control("POST", "/entries/batch", [SETTLED | {"amount": 1}] * 1000)["ids"]

    assert len(set(ids)) == 1000
    assert moved(pleo) == -1000
    assert time.perf_counter() - started < 5


def test_what_a_pending_payment_reserves_is_in_the_wallet_and_cannot_be_spent(pleo: Driver) -> None:
    def reserved() -> int:
        told = pleo.control("GET", f"/wallet/{DEFAULT_COMPANY_ID}")
        return int(told["availableMinors"]) - int(told["minors"])

    paid = pleo.control("POST", "/entries", {"amount": 1000})["id"]
    invoice = {"family": "BILL_INVOICE_PAYMENT", "status": "PENDING", "amount": 200}
    pleo.control("POST", "/entries", invoice)
    pleo.control("POST", "/entries", {"family": "WALLET", "subFamily": "LOAD", "status": "PENDING", "amount": 5000})
    pleo.control("POST", "/entries", {"amount": 300, "refund": True})
    pleo.control("POST", "/entries", {"transactionValue": {"currency": "USD", "minors": 900}})

    assert (moved(pleo), reserved()) == (0, -1200)
    pleo.control("POST", f"/entries/{paid}/settle", {})
    assert (moved(pleo), reserved()) == (-1000, -200)


# --- faults, switches, clock -----------------------------------------------------------------------------------------


def test_a_fault_before_the_effect_leaves_nothing_behind(pleo: Driver) -> None:
    pleo.connect()
    fault = {"route": "^/v0/tax-codes$", "method": "POST", "status": 503, "headers": {"Retry-After": "7"}}
    pleo.control("POST", "/faults", fault)
    body = {"companyId": DEFAULT_COMPANY_ID, "name": "7 %", "rate": 0.07, "type": "inclusive", "archived": False}

    first, second = pleo.api("POST", "/v0/tax-codes", body), pleo.api("POST", "/v0/tax-codes", body)

    assert (first.status_code, first.headers["retry-after"], second.status_code) == (503, "7", 201)
    assert pleo.control("GET", "/state")["taxCodes"] == 1


def test_a_fault_after_the_effect_hides_a_success(pleo: Driver) -> None:
    pair = pleo.connect()
    pleo.control("POST", "/faults", {"route": "^/oauth/token$", "kind": "reset", "when": "after"})

    with pytest.raises(httpx.TransportError):
        pleo.refresh(pair["refresh_token"])

    assert pleo.api("GET", "/v1/introspect").status_code == 401
    assert pleo.refresh(pair["refresh_token"]).status_code == 400


def test_a_fault_may_hit_one_company_only_and_end(pleo: Driver) -> None:
    other_id = pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})["id"]
    pleo.control("POST", "/faults", {"route": "introspect", "status": 429, "times": None, "company": other_id})

    pleo.connect()
    spared = pleo.api("GET", "/v1/introspect").status_code
    pleo.connect(other_id)
    hit = [pleo.api("GET", "/v1/introspect").status_code for _ in range(2)]
    pleo.control("DELETE", "/faults")

    assert (spared, hit) == (200, [429, 429])
    assert pleo.api("GET", "/v1/introspect").status_code == 200


def test_a_timeout_says_nothing_until_the_caller_gives_up(pleo: Driver) -> None:
    pleo.control("POST", "/faults", {"route": "^/v1/introspect$", "kind": "timeout", "seconds": 5})

    with pytest.raises(httpx.ReadTimeout):
        pleo.http.get("/v1/introspect", timeout=0.1)


def test_a_slow_answer_comes_late_but_comes(pleo: Driver) -> None:
    pleo.connect()
    pleo.control("POST", "/faults", {"route": "introspect", "kind": "slow", "seconds": 0.2})
    started = time.perf_counter()

    status = pleo.api("GET", "/v1/introspect").status_code

    assert status == 200
    assert time.perf_counter() - started >= 0.2


@pytest.mark.parametrize("positions", [{"unknown": 1}, {"events_for": "some"}, {"rate_limit_per_minute": "many"}])
def test_an_unknown_switch_or_position_is_refused(pleo: Driver, positions: dict[str, Any]) -> None:
    assert refused(pleo, "POST", "/switches", positions) == 400


def test_the_clock_moves_by_seconds_and_to_a_moment(pleo: Driver) -> None:
    shown = pleo.control("POST", "/clock", {"now": "2026-03-29T01:30:00+01:00"})["clock"]
    pleo.control("POST", "/clock", {"advance_seconds": 3600})

    assert shown == "2026-03-29T00:30:00Z"
    assert pleo.control("POST", "/entries", {})["createdAt"].startswith("2026-03-29T01:30:0")


def test_the_state_counts_calls_by_route_and_holds_no_secret(pleo: Driver) -> None:
    pair = pleo.connect()
    entry_id = pleo.control("POST", "/entries", {})["id"]
    pleo.api("GET", f"/v1/accounting-entries/{entry_id}")

    response = pleo.http.get("/control/state")

    state = response.json()
    assert state["calls"]["GET /v1/accounting-entries/{id}"] == 1
    assert (state["tokenCalls"], state["entries"]) == (1, 1)
    assert state["companies"][0]["installation"] == "AUTHORIZED"
    for secret in (pair["access_token"], pair["refresh_token"], SETTINGS.client_secret):
        assert secret not in response.text


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/settings", "/settings/accounting", "/wallet", "/categories"])
def test_every_page_is_german_labelled_as_a_stand_in_and_without_script(pleo: Driver, path: str) -> None:
    answer = pleo.http.get(path)

    assert answer.status_code == 200
    assert '<html lang="de">' in answer.text
    assert "Nachbau zu Testzwecken" in answer.text
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]


def test_the_settings_link_to_the_integration_with_the_company(pleo: Driver) -> None:
    before = pleo.http.get("/settings/accounting").text
    pleo.connect()
    half = pleo.http.get("/settings/accounting").text
    pleo.api("POST", "/v1/installations/me:activate")
    after = pleo.http.get("/settings/accounting").text

    assert f'href="http://x.test/connect?company_id={DEFAULT_COMPANY_ID}">Verbinden' in before
    assert "Einrichtung läuft" in half
    assert "Verbunden und aktiviert" in after
    assert f"http://x.test/status?company_id={DEFAULT_COMPANY_ID}" in after


def test_a_person_pays_settles_and_gets_a_refund(pleo: Driver) -> None:
    paid = pleo.http.post("/wallet/pay", data={"merchant": "<b>Café</b>", "amount": "1.234,56"})
    pending = pleo.http.get("/wallet").text
    entry_path = pending.split('action="/wallet/entries/')[1].split("/settle")[0]

    pleo.http.post(f"/wallet/entries/{entry_path}/settle", data={"amount": "1.240,00"})
    settled = moved(pleo)
    pleo.http.post(f"/wallet/entries/{entry_path}/refund")

    assert paid.status_code == 303
    assert "&lt;b&gt;Café&lt;/b&gt;" in pending
    assert "1.234,56 EUR" in pending
    assert (settled, moved(pleo)) == (-124_000, 0)
    assert "Erstattung" in pleo.http.get("/wallet").text


def test_a_person_pays_in_yen(pleo: Driver) -> None:
    form = {"merchant": "Tokio", "amount": "9,21", "currency": "JPY", "original_amount": "1500"}

    pleo.http.post("/wallet/pay", data=form)

    page = pleo.http.get("/wallet").text
    assert "1.500 JPY" in page
    assert "9,21 EUR" in page


def test_a_person_loads_unloads_and_is_told_about_a_wrong_amount(pleo: Driver) -> None:
    pleo.http.post("/wallet/load", data={"amount": "100"})
    pleo.http.post("/wallet/unload", data={"amount": "40,50"})

    wrong = pleo.http.post("/wallet/load", data={"amount": "viel"}, follow_redirects=True).text

    assert moved(pleo) == 5_950
    assert 'role="alert"' in wrong


def test_the_categories_page_shows_what_was_synced(pleo: Driver) -> None:
    pleo.connect()
    add_account(pleo, "c", name="Reisekosten")
    rate = {"companyId": DEFAULT_COMPANY_ID, "name": "Pauschale", "rate": 0.055, "type": "inclusive", "archived": True}
    pleo.api("POST", "/v0/tax-codes", rate)

    page = pleo.http.get("/categories").text
    assert "Reisekosten" in page
    assert "5,5 %" in page


def test_a_person_can_disconnect(pleo: Driver) -> None:
    pleo.connect()

    pleo.http.post("/settings/accounting/disconnect")

    assert pleo.api("GET", "/v1/introspect").status_code == 401
    assert "Nicht verbunden" in pleo.http.get("/settings/accounting").text


# --- the command -----------------------------------------------------------------------------------------------------


def command(port: int, **environment: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "local.pleo", "--port", str(port), "--public-url", f"http://127.0.0.1:{port}"]
    arguments += ["--client-id", "client-1", "--redirect-uri", REDIRECT]
    arguments += ["--initiation-uri", "http://x.test/connect", "--settings-uri", "http://x.test/status"]
    # The folder of the repository, from which `make` starts it as well.
    root = Path(__file__).parents[3]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own arguments
        arguments, cwd=root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_one_line_when_it_is_ready_and_ends_when_told(told: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    with command(port, PLEO_STANDIN_CLIENT_SECRET="not-a-real-secret") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        status = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code
        process.send_signal(told)
        rest = process.communicate(timeout=10)

    assert line == f"Pleo stand-in ready on port {port}\n"
    assert status == 200
    assert rest == ("", "")


def test_the_command_refuses_to_start_without_the_secret() -> None:
    with command(1) as process:
        _, complaint = process.communicate(timeout=10)

    assert process.returncode == 2
    assert "PLEO_STANDIN_CLIENT_SECRET" in complaint
