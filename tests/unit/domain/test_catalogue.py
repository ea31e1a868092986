"""Which posting categories Pleo's chart of accounts should hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.catalogue import (
    NAME_LIMIT,
    AccountUpdate,
    Category,
    ImplausibleCatalogueError,
    PleoAccount,
    names,
    plan,
)


def account(key: str, name: str, *, archived: bool = False) -> PleoAccount:
    return PleoAccount(f"pleo-{key}", key, name, archived, code="4711", tax_code="DE-19")


def many(count: int) -> dict[str, str]:
    return {f"c{number}": f"Kategorie {number}" for number in range(count)}


def test_a_new_category_is_created() -> None:
    made = plan({"a": "Büro", "b": "Reise"}, [account("a", "Büro")], {"a": "Büro"})

    assert (made.create, made.update) == ({"b": "Reise"}, ())
    assert made.wanted == {"a": "Büro", "b": "Reise"}


def test_a_renamed_category_changes_its_account_and_makes_no_second_one() -> None:
    old = account("a", "Büro")

    made = plan({"a": "Bürobedarf"}, [old], {"a": "Büro"})

    assert (made.create, made.update) == ({}, (AccountUpdate(old, "Bürobedarf", archived=False),))


def test_an_unchanged_category_is_left_alone() -> None:
    made = plan({"a": "Büro"}, [account("a", "Büro")], {"a": "Büro"})

    assert (made.create, made.update) == ({}, ())


def test_a_removed_category_is_archived_under_its_old_name() -> None:
    gone = account("b", "Reise")

    made = plan({"a": "Büro"}, [account("a", "Büro"), gone], {"a": "Büro", "b": "Reise"})

    assert made.update == (AccountUpdate(gone, "Reise", archived=True),)
    assert "b" not in made.wanted


def test_an_archived_category_is_not_archived_again() -> None:
    made = plan({"a": "Büro"}, [account("a", "Büro"), account("b", "Reise", archived=True)], {"b": "Reise"})

    assert made.update == ()


def test_a_category_that_comes_back_is_the_same_account_again() -> None:
    old = account("b", "Reise", archived=True)

    made = plan({"b": "Reise"}, [old], {})

    assert (made.create, made.update) == ({}, (AccountUpdate(old, "Reise", archived=False),))


def test_accounts_the_customer_made_are_left_alone() -> None:
    made = plan({"a": "Büro"}, [account("a", "Büro"), account("own", "Eigenes Konto")], {"a": "Büro"})

    assert made.update == ()


def test_an_empty_answer_is_an_error_and_not_a_wish_to_remove_everything() -> None:
    with pytest.raises(ImplausibleCatalogueError, match="no posting categories"):
        plan({}, [account("a", "Büro")], {"a": "Büro"})


def test_many_categories_disappearing_at_once_is_an_error() -> None:
    known = many(100)
    wanted = dict(list(known.items())[:79])

    with pytest.raises(ImplausibleCatalogueError, match="21 of 100"):
        plan(wanted, [account(key, name) for key, name in known.items()], known)


def test_a_fifth_of_them_may_go_at_once() -> None:
    known = many(100)
    wanted = dict(list(known.items())[:80])

    made = plan(wanted, [account(key, name) for key, name in known.items()], known)

    assert len(made.update) == 20


def test_equal_names_are_told_apart_by_group_and_then_by_id() -> None:
    rows = [
        Category("11111111-a", "Reise", "Personal"),
        Category("22222222-b", "Reise", "Fahrzeug"),
        Category("33333333-c", "Reise", "Fahrzeug"),
        Category("44444444-d", "Büro", "Personal"),
    ]

    assert names(rows) == {
        "11111111-a": "Reise (Personal)",
        "22222222-b": "Reise (Fahrzeug, 22222222)",
        "33333333-c": "Reise (Fahrzeug, 33333333)",
        "44444444-d": "Büro",
    }


def test_a_name_is_cut_to_what_pleo_takes() -> None:
    assert names([Category("a", "x" * 300, "")]) == {"a": "x" * NAME_LIMIT}


@given(
    rows=st.lists(
        st.builds(
            Category, id=st.uuids().map(str), name=st.sampled_from(["Reise", "Büro"]), group=st.sampled_from(["A", "B"])
        ),
        unique_by=lambda row: row.id,
        max_size=12,
    )
)
def test_no_two_accounts_have_the_same_name(rows: list[Category]) -> None:
    found = names(rows)

    assert set(found) == {row.id for row in rows}
    assert len(set(found.values())) == len(rows)


@given(before=st.sets(st.integers(0, 15)), after=st.sets(st.integers(0, 15), min_size=1))
def test_carrying_out_a_plan_leaves_nothing_to_do(before: set[int], after: set[int]) -> None:
    known, wanted = {f"c{n}": "alt" for n in before}, {f"c{n}": "neu" for n in after}
    accounts = {key: account(key, name) for key, name in known.items()}
    try:
        made = plan(wanted, accounts.values(), known)
    except ImplausibleCatalogueError:
        assert len(before - after) > 10
        return
    accounts |= {key: account(key, name) for key, name in made.create.items()}
    for update in made.update:
        accounts[update.account.external_id] = account(
            update.account.external_id, update.name, archived=update.archived
        )

    again = plan(wanted, accounts.values(), made.wanted)

    assert (again.create, again.update) == ({}, ())
