"""The last proof of a company's balance: item `PROOF` of its partition in LedgerTable."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from shared.aws.ledger_table import LedgerTable, key
from shared.aws.table import Item, Update
from shared.domain.syncing.proof import BalanceProof, Frozen, Pending, ProofInProgress, Sums
from shared.domain.times import moment, utc_text


@dataclass(frozen=True, slots=True)
class StoredProof:
    """The stored proofs of a company.

    - `proof`: the newest one, None before the first.
    - `frozen`: the sums that are proven permanently.
    - `tried_at`: when the last attempt since then failed.
    - `in_progress`: a proof that the next sync continues.
    """

    proof: BalanceProof | None = None
    frozen: Frozen = Frozen()  # noqa: RUF009 - immutable
    tried_at: datetime | None = None
    in_progress: ProofInProgress | None = None


class Proofs:
    """All companies' proofs."""

    def __init__(self, table: str) -> None:
        self._table = LedgerTable(table)

    def get(self, connection_id: str) -> StoredProof:
        """Return a company's stored proofs."""
        item = self._table.get(key(connection_id, "PROOF")) or {}
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
        frozen = _frozen(item.get("frozen_until", ""), item.get("frozen_sums", {}))
        return StoredProof(proof, frozen, moment(item.get("tried_at", "")), in_progress)

    def save(self, connection_id: str, proof: BalanceProof, frozen: Frozen) -> None:
        """Store a proof and its frozen sums, in place of the last proof and of one in progress."""
        self._set(
            connection_id,
            {
                "proved_at": utc_text(proof.proved_at),
                "opening": proof.opening,
                "sums": asdict(proof.sums),
                "total": proof.total,
                "pending": asdict(proof.pending) if proof.pending else {},
                "frozen_until": _until(frozen),
                "frozen_sums": asdict(frozen.sums),
                "in_progress": {},
                "tried_at": "",
            },
        )

    def save_progress(self, connection_id: str, in_progress: ProofInProgress, failed_at: datetime | None) -> None:
        """Store the progress of a proof and keep the last one. `failed_at`: when an attempt gave no result."""
        stored = {
            "until": _until(in_progress.frozen),
            "sums": asdict(in_progress.frozen.sums),
            "whole": in_progress.whole,
        }
        self._set(connection_id, {"in_progress": stored, "tried_at": utc_text(failed_at) if failed_at else ""})

    def _set(self, connection_id: str, attributes: Item) -> None:
        self._table.update(Update.setting(key(connection_id, "PROOF"), attributes))


def _until(frozen: Frozen) -> str:
    return frozen.until.isoformat() if frozen.until else ""


def _frozen(until: str, sums: dict[str, int]) -> Frozen:
    return Frozen(date.fromisoformat(until), Sums(**sums)) if until else Frozen()
