"""What was synced into Pleo, as it is remembered."""

from datetime import UTC, datetime, timedelta

import pytest
from cloud import Cloud

from shared.aws.catalogues import CatalogueDiff, Catalogues, CatalogueSnapshot
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.times import utc_text

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REFUSED = CatalogueRefusal(reason="removed", count=21, known=100)


@pytest.fixture
def catalogues(aws: Cloud) -> Catalogues:
    return Catalogues(aws.connection_table)


def test_of_a_company_that_was_never_synced_nothing_is_known(catalogues: Catalogues) -> None:
    assert catalogues.snapshot("c1") == CatalogueSnapshot()
    assert catalogues.last_changes("c1") == CatalogueDiff()


def test_what_was_synced_takes_the_place_of_what_was_before(catalogues: Catalogues) -> None:
    catalogues.save(
        "c1", CatalogueSnapshot(accounts={"a": "Büro"}, flags={"a": "split"}, tax_codes=("DE-19",)), [], NOW
    )
    newer = CatalogueSnapshot(accounts={"b": "Reise"}, flags={"b": ""}, tax_codes=("DE-0",))

    catalogues.save("c1", newer, [], NOW)

    assert catalogues.snapshot("c1") == newer
    assert catalogues.last_changes("c1") == CatalogueDiff()


def test_what_a_sync_changed_is_kept_until_a_sync_changes_something_again(catalogues: Catalogues) -> None:
    gone = CatalogueChange(what="archived", name="Reisen", expenses=3, entry_ids=("e1", "e2", "e3"))
    catalogues.save("c1", CatalogueSnapshot(accounts={"b": "Reisen"}), [gone], NOW)

    catalogues.save("c1", CatalogueSnapshot(), [], NOW + MINUTE)

    assert catalogues.last_changes("c1") == CatalogueDiff(changes=(gone,), changed_at=utc_text(NOW))


def test_of_many_changes_a_hundred_are_kept_and_the_others_counted(catalogues: Catalogues) -> None:
    changes = [CatalogueChange(what="created", name=f"Konto {number}") for number in range(130)]

    catalogues.save("c1", CatalogueSnapshot(), changes, NOW)

    assert catalogues.last_changes("c1") == CatalogueDiff(
        changes=tuple(changes[:100]), more=30, changed_at=utc_text(NOW)
    )


def test_of_all_the_entries_that_changes_name_twenty_are_kept_and_every_count(catalogues: Catalogues) -> None:
    ids = tuple(f"e{number}" for number in range(15))
    changes = [CatalogueChange(what="archived", name=name, expenses=15, entry_ids=ids) for name in ("A", "B", "C")]

    catalogues.save("c1", CatalogueSnapshot(), changes, NOW)

    kept = catalogues.last_changes("c1").changes
    assert [len(change.entry_ids) for change in kept] == [15, 5, 0]
    assert [change.expenses for change in kept] == [15, 15, 15]


def test_a_refusal_forgets_nothing_and_is_over_with_the_next_sync(catalogues: Catalogues) -> None:
    catalogues.save("c1", CatalogueSnapshot(accounts={"a": "Büro"}), [], NOW)

    catalogues.save_refusal("c1", REFUSED)

    assert catalogues.last_changes("c1").refused == REFUSED
    assert catalogues.snapshot("c1").accounts == {"a": "Büro"}
    catalogues.save("c1", CatalogueSnapshot(accounts={"a": "Büro"}), [], NOW)
    assert catalogues.last_changes("c1").refused is None


def test_a_refusal_of_the_very_first_sync_is_kept_too(catalogues: Catalogues) -> None:
    catalogues.save_refusal("c1", REFUSED)

    assert catalogues.last_changes("c1") == CatalogueDiff(refused=REFUSED)
