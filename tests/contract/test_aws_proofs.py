"""Proofs in the ledger: the newest one, and how far one that is under way has come."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cloud import Cloud
from samples import CONNECTION_ID

from shared.aws.proofs import Proofs, StoredProof
from shared.aws.table import Table, Update
from shared.domain.syncing.proof import BalanceProof, Frozen, Pending, ProofInProgress, Sums

NOW = datetime(2026, 3, 17, 12, tzinfo=UTC)
FROZEN = Frozen(date(2026, 1, 31), Sums(effect=-100, lines=-100))
PROOF = BalanceProof(
    proved_at=NOW,
    opening=5_000,
    sums=Sums(effect=-250, lines=-100, waiting=-150, held=2),
    total=-100,
    pending=Pending(cents=-700, count=2, unknown=1),
)


@pytest.fixture
def proofs(aws: Cloud) -> Proofs:
    return Proofs(aws.ledger_table)


def test_of_a_company_without_proof_nothing_is_known(proofs: Proofs) -> None:
    assert proofs.get(CONNECTION_ID) == StoredProof()


@pytest.mark.parametrize("pending", [PROOF.pending, None])
def test_a_proof_is_read_as_it_was_stored(proofs: Proofs, pending: Pending | None) -> None:
    proof = BalanceProof(proved_at=NOW, opening=PROOF.opening, sums=PROOF.sums, total=PROOF.total, pending=pending)

    proofs.save(CONNECTION_ID, proof, FROZEN)

    assert proofs.get(CONNECTION_ID) == StoredProof(proof, FROZEN)


@pytest.mark.parametrize("failed_at", [NOW, None])
@pytest.mark.parametrize("in_progress", [ProofInProgress(FROZEN, whole=True), ProofInProgress(Frozen(), whole=False)])
def test_how_far_a_proof_has_come_leaves_the_last_one_as_it_is(
    proofs: Proofs, in_progress: ProofInProgress, failed_at: datetime | None
) -> None:
    proofs.save(CONNECTION_ID, PROOF, Frozen())

    proofs.save_progress(CONNECTION_ID, in_progress, failed_at)

    assert proofs.get(CONNECTION_ID) == StoredProof(PROOF, Frozen(), failed_at, in_progress)


def test_the_next_proof_ends_what_was_under_way(proofs: Proofs) -> None:
    proofs.save_progress(CONNECTION_ID, ProofInProgress(FROZEN, whole=True), NOW - timedelta(hours=1))

    proofs.save(CONNECTION_ID, PROOF, FROZEN)

    assert proofs.get(CONNECTION_ID) == StoredProof(PROOF, FROZEN)


def test_a_proof_of_before_knows_nothing_of_what_was_pending(proofs: Proofs, aws: Cloud) -> None:
    proofs.save(CONNECTION_ID, PROOF, FROZEN)
    key = {"connection_id": CONNECTION_ID, "row": "PROOF"}
    Table(aws.ledger_table).update(Update.setting(key, {}, remove=["pending", "in_progress"]))

    stored = proofs.get(CONNECTION_ID)

    assert stored.proof is not None
    assert (stored.proof.pending, stored.proof.sums, stored.in_progress) == (None, PROOF.sums, None)
