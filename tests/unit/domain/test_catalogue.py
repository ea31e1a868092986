"""Which posting categories Pleo's chart of accounts should hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.syncing.catalogue import (
    NAME_LIMIT,
    AccountUpdate,
    CatalogueChange,
    CatalogueRefusal,
    Category,
    ImplausibleCatalogueError,
    PleoAccount,
    changes,
    flag_changes,
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


def test_an_empty_answer_is_an_error_and_not_a_request_to_remove_everything() -> None:
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
        assert len(before - after) > 10 or len(before & after) > 10
        return
    accounts |= {key: account(key, name) for key, name in made.create.items()}
    for update in made.update:
        accounts[update.account.external_id] = account(
            update.account.external_id, update.name, archived=update.archived
        )

    again = plan(wanted, accounts.values(), made.remembered)

    assert (again.create, again.update) == ({}, ())


@pytest.mark.parametrize(
    ("wanted", "existing", "known", "change"),
    [
        ({"a": "Büro"}, [], {}, CatalogueChange(what="created", name="Büro")),
        ({"a": "Büro"}, [account("a", "Büro")], {}, CatalogueChange(what="created", name="Büro")),
        (
            {"a": "Büro"},
            [account("a", "Alt")],
            {"a": "Alt"},
            CatalogueChange(what="renamed", name="Büro", before="Alt"),
        ),
        (
            {"a": "Büro"},
            [account("a", "Büro")],
            {"a": "Alt"},
            CatalogueChange(what="renamed", name="Büro", before="Alt"),
        ),
        (
            {"a": "Büro"},
            [account("a", "Von Hand")],
            {"a": "Büro"},
            CatalogueChange(what="renamed", name="Büro", before="Von Hand"),
        ),
        ({"a": "Büro"}, [], {"a": "Büro"}, CatalogueChange(what="created", name="Büro")),
        ({"a": "Büro"}, [account("a", "Büro", archived=True)], {}, CatalogueChange(what="restored", name="Büro")),
        (
            {"a": "Büro"},
            [account("a", "Büro"), account("b", "Reise")],
            {"a": "Büro", "b": "Reise"},
            CatalogueChange(what="archived", name="Reise"),
        ),
        (
            {"a": "Büro"},
            [account("a", "Büro"), account("b", "Reise", archived=True)],
            {"a": "Büro", "b": "Reise"},
            CatalogueChange(what="archived", name="Reise"),
        ),
    ],
    ids=[
        "new",
        "made by a run that died",
        "renamed",
        "renamed by a run that died",
        "renamed in Pleo",
        "removed in Pleo",
        "back again",
        "gone",
        "archived by a run that died",
    ],
)
def test_a_change_is_told_even_if_a_run_died_after_making_it(
    wanted: dict[str, str], existing: list[PleoAccount], known: dict[str, str], change: CatalogueChange
) -> None:
    assert list(changes(plan(wanted, existing, known), known).values()) == [change]


def test_a_list_that_stands_changes_nothing() -> None:
    wanted = {"a": "Büro", "b": "Reise"}
    existing = [account("a", "Büro"), account("b", "Reise", archived=True)]

    assert changes(plan(wanted, existing, wanted), wanted) == {}


def test_an_account_the_customer_archived_stays_archived_and_still_gets_its_new_name() -> None:
    old = account("a", "Büro", archived=True)

    assert plan({"a": "Büro"}, [old], {"a": "Büro"}).update == ()
    assert plan({"a": "Bedarf"}, [old], {"a": "Büro"}).update == (AccountUpdate(old, "Bedarf", archived=True),)


def test_an_account_that_somebody_deleted_in_pleo_is_made_again() -> None:
    assert plan({"a": "Büro"}, [], {"a": "Büro"}).create == {"a": "Büro"}


def test_an_account_that_pleo_did_not_show_is_archived_once_it_does() -> None:
    known = {"a": "Büro", "b": "Reise"}
    cut_short = plan({"a": "Büro"}, [account("a", "Büro")], known)
    assert changes(cut_short, known) == {}

    hidden = account("b", "Reise")
    whole = plan({"a": "Büro"}, [account("a", "Büro"), hidden], cut_short.remembered)

    assert whole.update == (AccountUpdate(hidden, "Reise", archived=True),)
    assert [each.what for each in changes(whole, cut_short.remembered).values()] == ["archived"]


def test_a_category_that_pleo_never_shows_again_is_told_of_at_no_run() -> None:
    known = {"a": "Büro", "b": "Reise"}
    for _ in range(3):
        made = plan({"a": "Büro"}, [account("a", "Büro")], known)
        assert changes(made, known) == {}
        known = made.remembered


def test_many_categories_renamed_at_once_is_an_error() -> None:
    known = many(100)
    wanted = {key: name if number >= 21 else "?" for number, (key, name) in enumerate(known.items())}

    with pytest.raises(ImplausibleCatalogueError, match="21 of 100") as raised:
        plan(wanted, [account(key, name) for key, name in known.items()], known)

    assert raised.value.refusal == CatalogueRefusal(reason="renamed", count=21, known=100)


def test_what_a_person_confirmed_is_carried_out_however_much_it_is() -> None:
    known = many(100)
    accounts = [account(key, name) for key, name in known.items()]

    seen = CatalogueRefusal(reason="removed", count=99, known=100)
    made = plan({"c0": "Neu"}, accounts, known, accepted=seen)

    assert len(made.update) == 100


def test_a_confirmation_holds_for_what_was_seen_and_not_for_more() -> None:
    known = many(100)
    accounts = [account(key, name) for key, name in known.items()]
    seen = CatalogueRefusal(reason="removed", count=98, known=100)

    with pytest.raises(ImplausibleCatalogueError, match="99 of 100"):
        plan({"c0": "Kategorie 0"}, accounts, known, accepted=seen)


def test_nobody_can_confirm_an_empty_list() -> None:
    seen = CatalogueRefusal(reason="empty", count=0, known=0)

    with pytest.raises(ImplausibleCatalogueError):
        plan({}, [account("a", "Büro")], {"a": "Büro"}, accepted=seen)


@pytest.mark.parametrize("name", ["", "  "])
def test_a_category_without_a_name_gets_one_that_pleo_takes(name: str) -> None:
    assert names([Category("11111111-a", name, "G"), Category("22222222-b", name, "G")]) == {
        "11111111-a": "Kategorie ohne Namen (G, 11111111)",
        "22222222-b": "Kategorie ohne Namen (G, 22222222)",
    }


@pytest.mark.parametrize(
    ("before", "category", "told"),
    [
        ("", Category("a", "Büro", "", contact_required=True), ["contact_required"]),
        ("contact", Category("a", "Büro", ""), ["contact_free"]),
        ("", Category("a", "Büro", "", split_allowed=True), ["several_rates"]),
        ("contact split", Category("a", "Büro", ""), ["contact_free", "one_rate"]),
        ("contact", Category("a", "Büro", "", contact_required=True), []),
        (None, Category("a", "Büro", "", contact_required=True), []),
    ],
)
def test_a_flag_that_changed_is_told_and_one_that_was_not_known_is_not(
    before: str | None, category: Category, told: list[str]
) -> None:
    flags = {} if before is None else {"a": before}

    found = [(key, each.what, each.name) for key, each in flag_changes([category], flags)]
    assert found == [(category.id, what, "Büro") for what in told]


def test_an_updated_account_keeps_the_customers_number_and_tax_code() -> None:
    (update,) = plan({"a": "Neu"}, [account("a", "Alt")], {"a": "Alt"}).update

    assert (update.account.code, update.account.tax_code) == ("4711", "DE-19")
