"""The last proof of a company's balance in DynamoDB: item `PROOF` of the company's partition in LedgerTable."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from shared.aws.table import Table, Update
from shared.domain.syncing.proof import BalanceProof, Frozen, Pending, ProofInProgress, Sums
from shared.domain.times import utc_text


@dataclass(frozen=True, slots=True)
class StoredProof:
    """The newest proof (None: none yet), what is proven for good, and when a proof was last tried in vain.

    `under_way`: since then one was begun that another turn goes on with.
    """

    proof: BalanceProof | None = None
    frozen: Frozen = Frozen()  # noqa: RUF009 - immutable
    tried_at: datetime | None = None
    in_progress: ProofInProgress | None = None


class Proofs:
    """All companies' proofs. Every method raises StoreUnavailable when AWS does not do what was asked."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, connection_id: str) -> StoredProof:
        """What is known of a company's balance."""
        item = self._table.get(_key(connection_id)) or {}
        proof = in_progress = None
        if "proved_at" in item:
            proof = BalanceProof(
                proved_at=datetime.fromisoformat(item["proved_at"]),
                opening=item["opening"],
                sums=Sums(**item["sums"]),
                total=item["total"],
                pending=Pending(**item["pending"]) if item.get("pending") else None,
            )
        if found := item.get("in_progress"):
            in_progress = ProofInProgress(_frozen(found["until"], found["sums"]), found["whole"])
        tried_at = item.get("tried_at")
        return StoredProof(
            proof,
            _frozen(item.get("frozen_until", ""), item.get("frozen_sums", {})),
            datetime.fromisoformat(tried_at) if tried_at else None,
            in_progress,
        )

    def save(self, connection_id: str, proof: BalanceProof, frozen: Frozen) -> None:
        """Store a proof and what is frozen with it; the newest one counts, and none is under way any more."""
        values = {
            "proved_at": utc_text(proof.proved_at),
            "opening": proof.opening,
            "sums": asdict(proof.sums),
            "total": proof.total,
            "pending": asdict(proof.pending) if proof.pending else {},
            "frozen_until": _until(frozen),
            "frozen_sums": asdict(frozen.sums),
            "in_progress": {},
            "tried_at": "",
        }
        self._set(connection_id, values)

    def save_progress(self, connection_id: str, in_progress: ProofInProgress, failed_at: datetime | None) -> None:
        """Remember how far a proof has come; the last one stays. `vain_at`: nothing could be said or won just now."""
        kept = {
            "until": _until(in_progress.frozen),
            "sums": asdict(in_progress.frozen.sums),
            "whole": in_progress.whole,
        }
        self._set(connection_id, {"in_progress": kept, "tried_at": utc_text(failed_at) if failed_at else ""})

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


def _until(frozen: Frozen) -> str:
    return frozen.until.isoformat() if frozen.until else ""


def _frozen(until: str, sums: dict[str, int]) -> Frozen:
    return Frozen(date.fromisoformat(until), Sums(**sums)) if until else Frozen()
