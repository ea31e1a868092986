"""How a company is doing, in one word and the reasons for it. Pure: an overview goes in, a verdict comes out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from shared.aws.connections import Hold
from shared.domain.lookup.overview import Overview

# A proof is made daily; two days without one mean that something keeps it from being made.
_PROOF_OLD = timedelta(days=2)


class Level(IntEnum):
    """The higher, the worse."""

    LEFT = 0  # disconnected, nothing to do
    FINE = 1
    LOOK = 2  # a person should look
    BROKEN = 3  # nothing, or not everything, reaches lexoffice

    @property
    def word(self) -> str:
        """As it is shown."""
        return {0: "left", 1: "fine", 2: "look", 3: "broken"}[self.value]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How bad it is, and why, the worst first."""

    level: Level
    reasons: tuple[str, ...]


def judge(seen: Overview, *, dead: int, now: datetime) -> Verdict:
    """Judge a company; `dead` messages of it lie in dead-letter queues."""
    if seen.status == "disconnected":
        return Verdict(Level.LEFT, ("disconnected",))
    broken = _broken(seen, dead)
    look = _to_look_at(seen, now)
    level = Level.BROKEN if broken else Level.LOOK if look else Level.FINE
    return Verdict(level, (*broken, *look))


def _broken(seen: Overview, dead: int) -> list[str]:
    found = []
    if seen.hold and seen.hold != Hold.PAUSED:
        found.append(f"held: {seen.hold}")
    if dead:
        found.append(f"{dead} in dead-letter queues")
    if seen.proof.unexplained:
        found.append("balance not explained")
    if seen.failing_since:
        found.append("turns fail")
    return found


def _to_look_at(seen: Overview, now: datetime) -> list[str]:
    found = []
    if seen.hold == Hold.PAUSED:
        found.append("paused")  # by one of us, who has to lift it, too
    if seen.status == "connecting":
        found.append("set-up not finished")
    if to_check := sum(each.state in {"failed", "held"} for each in seen.waiting):
        found.append(f"{to_check} to check")
    if seen.sync.refused:
        found.append("catalogue refused")
    if seen.export and seen.export.failed_count:
        found.append(f"{seen.export.failed_count} not exported")
    proved_at = seen.proof.proved_at or seen.connected_at
    if proved_at and now - proved_at > _PROOF_OLD:
        found.append("balance not proven for two days")
    return found
