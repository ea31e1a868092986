"""The table: expressions name what they use, conditions are answers, conflicts with a transaction are waited out."""

from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum

import pytest
from cloud import Cloud

from shared.aws.table import ConditionFailedError, Insert, Table, TransactionRefusedError, Update, from_item, to_item
from shared.errors import StoreUnavailable

COMPANY = "c1"


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    size: int = 1
    colour: Colour = Colour.RED


@pytest.fixture
def table(aws: Cloud) -> Table:
    return Table(aws.ledger_table)


def key(row: str) -> dict[str, str]:
    return {"connection_id": COMPANY, "row": row}


def test_an_update_sets_adds_and_removes_and_its_condition_has_values_of_its_own(table: Table) -> None:
    table.put({**key("A"), "size": 1, "name": "old", "note": "n", "work": "w"})

    now = table.update(
        Update.setting(
            key("A"),
            {"name": "new", "colour": Colour.RED},
            add={"size": 2},
            remove=["note", "work", "name"],
            condition="#name = :seen AND attribute_exists(#row)",
            values={"seen": "old"},
        )
    )

    assert now == {**key("A"), "size": 3, "name": "new", "colour": "red"}


def test_an_update_may_only_add_or_only_remove(table: Table) -> None:
    table.put({**key("A"), "note": "n"})

    table.update(Update.setting(key("A"), {}, remove=["note"]))
    table.update(Update.setting(key("A"), {}, add={"size": 2}))

    assert table.get(key("A")) == {**key("A"), "size": 2}


def test_an_update_whose_condition_fails_writes_nothing_and_says_what_was_there(table: Table) -> None:
    table.put({**key("A"), "size": 1})
    refused = Update.setting(key("A"), {"size": 2}, condition="#size = :seen", values={"seen": 7})

    assert not table.attempt(refused)
    with pytest.raises(ConditionFailedError) as failed:
        table.update(refused)

    assert failed.value.old == table.get(key("A")) == {**key("A"), "size": 1}
    assert table.attempt(Update.setting(key("A"), {"size": 2}, condition="#size = :seen", values={"seen": 1}))


def test_an_item_is_new_once(table: Table) -> None:
    assert table.insert(Insert({**key("A"), "size": 1}, key="row"))
    assert not table.insert(Insert({**key("A"), "size": 2}, key="row"))

    assert table.get(key("A")) == {**key("A"), "size": 1}


def test_a_transaction_writes_all_or_nothing_and_names_what_refused_it(table: Table) -> None:
    more = Update.setting(key("SUM"), {}, add={"size": 1})
    table.transact([more, Insert({**key("A")}, key="row")])

    with pytest.raises(TransactionRefusedError) as refused:
        table.transact([more, Insert({**key("A")}, key="row")])

    assert refused.value.reasons == ("None", "ConditionalCheckFailed")
    assert table.get(key("SUM")) == {**key("SUM"), "size": 1}


def test_a_query_ends_at_its_limit_and_names_what_only_its_filter_uses(table: Table) -> None:
    for number in range(5):
        table.put({**key(f"A{number}"), "size": number})
    company = {"company": COMPANY}

    limited = table.query("#connection_id = :company", company, limit=2)
    odd = table.query("#connection_id = :company", company | {"one": 1}, FilterExpression="#size = :one")
    paged = table.query("#connection_id = :company", company, Limit=2)

    assert [item["row"] for item in limited] == ["A0", "A1"]
    assert [item["row"] for item in odd] == ["A1"]
    assert len(list(paged)) == 5


def test_a_write_waits_while_a_transaction_writes_the_item(
    table: Table, aws: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflict = ExitStack()
    conflict.enter_context(aws.failing("dynamodb", "UpdateItem", "TransactionConflictException"))
    monkeypatch.setattr("time.sleep", lambda _seconds: conflict.close())

    assert table.update(Update.setting(key("A"), {"size": 1})) == {**key("A"), "size": 1}


def test_a_write_gives_up_on_a_conflict_that_stays(table: Table, aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)

    with (
        aws.failing("dynamodb", "UpdateItem", "TransactionConflictException"),
        pytest.raises(StoreUnavailable, match="TransactionConflictException"),
    ):
        table.attempt(Update.setting(key("A"), {"size": 1}))

    assert pauses == [0.02, 0.05, 0.1]


def test_an_older_item_without_a_newer_field_gets_its_default() -> None:
    assert to_item(Thing("a")) == {"name": "a", "size": 1, "colour": "red"}
    assert from_item(Thing, {"name": "a", "row": "A"}) == Thing("a")
    assert from_item(Thing, {"name": "a", "colour": "red"}, colour=Colour("red")) == Thing("a")
