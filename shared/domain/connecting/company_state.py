"""The state of a company: its status, why it is held, and whether support has paused it.

    connecting ──activate──▶ active ──hold, pause──▶ held
         ▲                     ▲                      │
         │                     └──resume, activate────┘
     reconnect
         │
    disconnected ◀──disconnect── connecting, active or held
         └──(DeletionDelayDays)──▶ erased: names and texts are deleted, facts about booked vouchers are kept

| hold | lifted by |
|---|---|
| `*_access_gone` | reconnecting (activate); `resume` lifts it until the next refused call |
| `plan`, `*_scope`, `account_missing` | reconnecting, or `resume` once the cause is gone |
| `paused` | `resume` only: reconnecting ends in held, not active |

Lost access replaces every other hold, because only the admin can restore access. A pause outlasts every other hold,
disconnecting and reconnecting. Each rule takes a state and returns the next one, or None if nothing changes.
shared/aws/connections.py stores the state (docs/decisions/0014-pausing-and-rotating.md).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from shared.errors import AccessGone, Forbidden


class Status(StrEnum):
    """The status of a company. Lines and vouchers are written for an active company only; a held one still collects."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    HELD = "held"
    DISCONNECTED = "disconnected"

    @property
    def may_write(self) -> bool:
        """Whether lines and vouchers may be written to lexoffice."""
        return self is Status.ACTIVE

    @property
    def may_collect(self) -> bool:
        """Whether entries and export jobs may be read from Pleo."""
        return self in {Status.ACTIVE, Status.HELD}


class Hold(StrEnum):
    """Why a company is held."""

    PLEO_ACCESS_GONE = "pleo_access_gone"
    LEXOFFICE_ACCESS_GONE = "lexoffice_access_gone"
    PLEO_SCOPE = "pleo_scope"  # a required scope was not granted
    LEXOFFICE_SCOPE = "lexoffice_scope"
    PLAN = "plan"  # the customer's lexoffice plan does not include bookkeeping
    ACCOUNT_MISSING = "account_missing"  # the finance account was deleted or deactivated in lexoffice
    PAUSED = "paused"  # set by support

    @classmethod
    def of(cls, error: AccessGone | Forbidden) -> Self:
        """Return the hold that matches a vendor's refusal."""
        if isinstance(error, AccessGone):
            return cls(ACCESS_GONE[error.vendor])
        return cls(Hold.PLAN if error.status == 402 else _SCOPE[error.vendor])

    @property
    def is_access_gone(self) -> bool:
        """Whether a vendor refuses our tokens permanently."""
        return self in ACCESS_GONE.values()


ACCESS_GONE = {"pleo": Hold.PLEO_ACCESS_GONE, "lexoffice": Hold.LEXOFFICE_ACCESS_GONE}
_SCOPE = {"pleo": Hold.PLEO_SCOPE, "lexoffice": Hold.LEXOFFICE_SCOPE}
# Holds on Pleo's side: entries cannot be read.
PLEO_HOLDS = frozenset({Hold.PLEO_ACCESS_GONE, Hold.PLEO_SCOPE})
# Holds that support may lift once the cause is gone. The others need the admin's consent.
LIFTED_BY_SUPPORT = frozenset({Hold.PAUSED, Hold.PLAN, Hold.ACCOUNT_MISSING})


@dataclass(frozen=True, slots=True)
class CompanyState:
    """One state of a company. `hold` is None unless the company is held; `is_paused` is kept in every status."""

    status: Status
    hold: Hold | None = None
    is_paused: bool = False


def hold(state: CompanyState, reason: Hold) -> CompanyState | None:
    """Stop writing for an active company. Lost access also replaces a weaker hold."""
    weaker = state.status is Status.HELD and state.hold is not None and not state.hold.is_access_gone
    if state.status is Status.ACTIVE or (weaker and reason.is_access_gone):
        return replace(state, status=Status.HELD, hold=reason)
    return None


def pause(state: CompanyState) -> CompanyState | None:
    """Stop writing until support resumes. A company held for another reason keeps that hold: its admin can end it."""
    if state.is_paused:
        return None
    if state.status is Status.ACTIVE:
        return CompanyState(Status.HELD, Hold.PAUSED, is_paused=True)
    return replace(state, is_paused=True)


def resume(state: CompanyState) -> CompanyState:
    """Lift the pause and any hold. The next vendor call sets the hold again if the cause remains."""
    if state.status is Status.HELD:
        return CompanyState(Status.ACTIVE)
    return replace(state, is_paused=False)


def activate(state: CompanyState) -> CompanyState | None:
    """Start writing for a company whose set-up is complete, unless it is paused or was disconnected in the meantime."""
    if state.status is Status.DISCONNECTED:
        return None
    if state.is_paused:
        return CompanyState(Status.HELD, Hold.PAUSED, is_paused=True)
    return CompanyState(Status.ACTIVE)


def disconnect(state: CompanyState) -> CompanyState | None:
    """Stop writing and collecting."""
    if state.status is Status.DISCONNECTED:
        return None
    return CompanyState(Status.DISCONNECTED, is_paused=state.is_paused)


def reconnect(state: CompanyState) -> CompanyState | None:
    """Restart the set-up of a disconnected company. Any other keeps its status, so that nothing is interrupted."""
    if state.status is not Status.DISCONNECTED:
        return None
    return CompanyState(Status.CONNECTING, is_paused=state.is_paused)
