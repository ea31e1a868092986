"""The state of a company: its status, why it is held, and whether support has paused it.

    connecting ──activate──▶ active ──hold, pause──▶ held
         ▲                     ▲                      │
         │                     └──resume, activate────┘
     reconnect
         │
    disconnected ◀──disconnect── connecting, active or held
         └──(DeletionDelayDays)──▶ erased: its names and texts are deleted, what was booked stays known

| hold | lifted by |
|---|---|
| `*_access_gone` | connecting again (activate); `resume` lifts it until the next refused call |
| `plan`, `*_scope`, `account_missing` | connecting again, or `resume` once the cause is gone |
| `paused` | `resume` only: connecting again ends held, not active |

Lost access outweighs every other hold, because only the admin can end it. A pause outlasts every other hold,
disconnecting and connecting again. Each rule takes a state and returns the next one, None if nothing changes;
shared/aws/connections.py stores it (docs/decisions/0014-pausing-and-rotating.md).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from shared.errors import AccessGone, Forbidden


class Status(StrEnum):
    """The status of a company. Only an active one is written for; a held one goes on collecting."""

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
    PLEO_SCOPE = "pleo_scope"  # a right that we need was not granted
    LEXOFFICE_SCOPE = "lexoffice_scope"
    PLAN = "plan"  # lexoffice's plan has no bookkeeping
    ACCOUNT_MISSING = "account_missing"  # the finance account was deleted or deactivated in lexoffice
    PAUSED = "paused"  # by support

    @classmethod
    def of(cls, error: AccessGone | Forbidden) -> Self:
        """Return the hold that a vendor's refusal calls for."""
        if isinstance(error, AccessGone):
            return cls(ACCESS_GONE[error.vendor])
        return cls(Hold.PLAN if error.status == 402 else _SCOPE[error.vendor])

    @property
    def is_access_gone(self) -> bool:
        """Whether a vendor refuses our tokens for good."""
        return self in ACCESS_GONE.values()


ACCESS_GONE = {"pleo": Hold.PLEO_ACCESS_GONE, "lexoffice": Hold.LEXOFFICE_ACCESS_GONE}
_SCOPE = {"pleo": Hold.PLEO_SCOPE, "lexoffice": Hold.LEXOFFICE_SCOPE}
# Holds that concern Pleo's side: entries cannot be read.
PLEO_HOLDS = frozenset({Hold.PLEO_ACCESS_GONE, Hold.PLEO_SCOPE})
# Holds that support may lift once their cause is gone; the others need the admin's consent.
LIFTED_BY_SUPPORT = frozenset({Hold.PAUSED, Hold.PLAN, Hold.ACCOUNT_MISSING})


@dataclass(frozen=True, slots=True)
class CompanyState:
    """One state. `hold` is None unless the company is held; `is_paused` is kept in every status."""

    status: Status
    hold: Hold | None = None
    is_paused: bool = False


def hold(state: CompanyState, reason: Hold) -> CompanyState | None:
    """Stop writing for an active company; lost access also replaces a weaker hold."""
    weaker = state.status is Status.HELD and state.hold is not None and not state.hold.is_access_gone
    if state.status is Status.ACTIVE or (weaker and reason.is_access_gone):
        return replace(state, status=Status.HELD, hold=reason)
    return None


def pause(state: CompanyState) -> CompanyState | None:
    """Stop writing until support resumes. A company held for another reason keeps it: its admin can end that one."""
    if state.is_paused:
        return None
    if state.status is Status.ACTIVE:
        return CompanyState(Status.HELD, Hold.PAUSED, is_paused=True)
    return replace(state, is_paused=True)


def resume(state: CompanyState) -> CompanyState:
    """Lift the pause and any hold. The next vendor call holds the company again if the cause is still there."""
    if state.status is Status.HELD:
        return CompanyState(Status.ACTIVE)
    return replace(state, is_paused=False)


def activate(state: CompanyState) -> CompanyState | None:
    """Start writing for a company that is set up, unless it is paused or was disconnected meanwhile."""
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
    """Set a disconnected company up again. A connected one keeps its status, so that nothing pauses meanwhile."""
    if state.status is not Status.DISCONNECTED:
        return None
    return CompanyState(Status.CONNECTING, is_paused=state.is_paused)
