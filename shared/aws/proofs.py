"""The last proof of a company's balance in DynamoDB: item `PROOF` of the company's partition in LedgerTable."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from shared.aws.table import Table, Update
from shared.domain.proof import BalanceProof, Frozen, Sums
from shared.domain.times import utc_text


@dataclass(frozen=True, slots=True)
class Stored:
    """The newest proof (None: none yet), what is proven for good, and when a proof was last tried in vain."""

    proof: BalanceProof | None = None
    frozen: Frozen = Frozen()  # noqa: RUF009 - immutable
    tried_at: datetime | None = None


class Proofs:
    """All companies' proofs. Every method raises StoreUnavailable when AWS does not do what was asked."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, connection_id: str) -> Stored:
        """What is known of a company's balance."""
        item = self._table.get(_key(connection_id)) or {}
        proof = frozen = None
        if "proved_at" in item:
            proof = BalanceProof(
                proved_at=datetime.fromisoformat(item["proved_at"]),
                opening=int(item["opening"]),
                sums=_sums(item["sums"]),
                total=int(item["total"]),
            )
        if item.get("frozen_until"):
            frozen = Frozen(date.fromisoformat(item["frozen_until"]), _sums(item["frozen_sums"]))
        tried_at = item.get("tried_at")
        return Stored(proof, frozen or Frozen(), datetime.fromisoformat(tried_at) if tried_at else None)

    def save(self, connection_id: str, proof: BalanceProof, frozen: Frozen) -> None:
        """Store a proof and what is frozen with it; the newest one counts."""
        values = {
            "proved_at": utc_text(proof.proved_at),
            "opening": proof.opening,
            "sums": asdict(proof.sums),
            "total": proof.total,
            "frozen_until": frozen.until.isoformat() if frozen.until else "",
            "frozen_sums": asdict(frozen.sums),
            "tried_at": "",
        }
        self._set(connection_id, values)

    def tried(self, connection_id: str, now: datetime) -> None:
        """Remember that nothing could be said just now; the last proof stays."""
        self._set(connection_id, {"tried_at": utc_text(now)})

    def _set(self, connection_id: str, values: dict[str, object]) -> None:
        self._table.update(
            Update(
                key=_key(connection_id),
                expression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                names=[*values],
                values=values,
            )
        )


def _key(connection_id: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": "PROOF"}


def _sums(stored: dict[str, int]) -> Sums:
    return Sums(**{name: int(value) for name, value in stored.items()})
