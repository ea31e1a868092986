"""The state of a company: which rule leads where, and what lifts what."""

from collections.abc import Callable

import pytest

from shared.domain.connecting.company_state import (
    ACCESS_GONE,
    LIFTED_BY_SUPPORT,
    PLEO_HOLDS,
    CompanyState,
    Hold,
    Status,
    activate,
    disconnect,
    hold,
    pause,
    reconnect,
    resume,
)
from shared.errors import AccessGone, Forbidden

ACTIVE = CompanyState(Status.ACTIVE)
PLAN = CompanyState(Status.HELD, Hold.PLAN)
PAUSED = CompanyState(Status.HELD, Hold.PAUSED, is_paused=True)
CONNECTING = CompanyState(Status.CONNECTING)
DISCONNECTED = CompanyState(Status.DISCONNECTED)
GONE = frozenset(ACCESS_GONE.values())


@pytest.mark.parametrize("reason", Hold)
def test_an_active_company_is_held_for_any_reason(reason: Hold) -> None:
    assert hold(ACTIVE, reason) == CompanyState(Status.HELD, reason)


@pytest.mark.parametrize("reason", Hold)
@pytest.mark.parametrize("before", Hold)
def test_only_lost_access_replaces_a_hold_and_nothing_replaces_lost_access(before: Hold, reason: Hold) -> None:
    after = hold(CompanyState(Status.HELD, before, is_paused=True), reason)

    replaces = reason in GONE and before not in GONE
    assert after == (CompanyState(Status.HELD, reason, is_paused=True) if replaces else None)


@pytest.mark.parametrize("state", [CONNECTING, DISCONNECTED])
@pytest.mark.parametrize("reason", Hold)
def test_a_company_that_is_not_connected_is_not_held(state: CompanyState, reason: Hold) -> None:
    assert hold(state, reason) is None


def test_a_pause_holds_an_active_company_and_leaves_another_hold_standing() -> None:
    assert pause(ACTIVE) == PAUSED
    assert pause(PLAN) == CompanyState(Status.HELD, Hold.PLAN, is_paused=True)
    assert pause(CONNECTING) == CompanyState(Status.CONNECTING, is_paused=True)
    assert pause(PAUSED) is None


@pytest.mark.parametrize("reason", Hold)
def test_support_lifts_every_hold_and_the_pause(reason: Hold) -> None:
    assert resume(CompanyState(Status.HELD, reason, is_paused=True)) == ACTIVE
    assert resume(CompanyState(Status.DISCONNECTED, is_paused=True)) == DISCONNECTED


@pytest.mark.parametrize("state", [CONNECTING, ACTIVE, PLAN, CompanyState(Status.HELD, Hold.PLEO_ACCESS_GONE)])
def test_connecting_lifts_every_hold_but_the_pause(state: CompanyState) -> None:
    assert activate(state) == ACTIVE
    assert activate(CompanyState(state.status, state.hold, is_paused=True)) == PAUSED


def test_a_disconnected_company_is_not_activated_but_set_up_again() -> None:
    assert activate(DISCONNECTED) is None
    assert reconnect(DISCONNECTED) == CONNECTING
    assert reconnect(CompanyState(Status.DISCONNECTED, is_paused=True)) == CompanyState(
        Status.CONNECTING, is_paused=True
    )


@pytest.mark.parametrize("state", [CONNECTING, ACTIVE, PLAN, PAUSED])
def test_reconnecting_pauses_nothing_and_disconnecting_ends_every_hold(state: CompanyState) -> None:
    assert reconnect(state) is None
    assert disconnect(state) == CompanyState(Status.DISCONNECTED, is_paused=state.is_paused)
    assert disconnect(DISCONNECTED) is None


@pytest.mark.parametrize("rule", [pause, resume, activate, disconnect, reconnect])
@pytest.mark.parametrize("state", [CONNECTING, ACTIVE, PLAN, PAUSED, DISCONNECTED])
def test_a_company_has_a_hold_exactly_while_it_is_held(
    state: CompanyState, rule: Callable[[CompanyState], CompanyState | None]
) -> None:
    after = rule(state)

    assert after is None or (after.hold is not None) == (after.status is Status.HELD)


def test_only_an_active_company_is_written_for_and_a_held_one_goes_on_collecting() -> None:
    assert {status for status in Status if status.may_write} == {Status.ACTIVE}
    assert {status for status in Status if status.may_collect} == {Status.ACTIVE, Status.HELD}


@pytest.mark.parametrize("vendor", ["pleo", "lexoffice"])
def test_a_vendors_refusal_names_the_hold(vendor: str) -> None:
    assert Hold.of(AccessGone(vendor, "a call")) is ACCESS_GONE[vendor]
    assert Hold.of(Forbidden(vendor, "a call", status=402)) is Hold.PLAN
    assert Hold.of(Forbidden(vendor, "a call", status=403)).value == f"{vendor}_scope"


def test_every_hold_has_a_side() -> None:
    assert {reason for reason in Hold if reason.value.startswith("pleo")} == PLEO_HOLDS
    assert Hold.PAUSED in LIFTED_BY_SUPPORT
    assert not LIFTED_BY_SUPPORT & GONE
