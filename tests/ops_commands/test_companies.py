"""`ops companies` and `ops company`: health at a glance, the worst first, and everything about one."""

from collections.abc import Callable

from shared.aws.connections import Connection, Connections, Status
from shared.domain.connecting.company_state import Hold

from .conftest import Ops


def test_the_worst_comes_first(ops_: Ops, connected: Callable[..., Connection]) -> None:
    connected("Alpha GmbH", connected_at="2999-01-01T00:00:00.000000Z")
    connected("Beta GmbH", status=Status.HELD, hold=Hold.PLAN)
    connected("Gamma GmbH", status=Status.CONNECTING, connected_at="")

    found = ops_("companies", "--json").data["companies"]

    assert [(each["company"], each["health"]) for each in found] == [
        ("Beta GmbH", "broken"),
        ("Gamma GmbH", "check"),
        ("Alpha GmbH", "fine"),
    ]
    assert found[0]["reasons"][0] == "held: plan"


def test_a_disconnected_company_is_shown_when_asked_for(ops_: Ops, connected: Callable[..., Connection]) -> None:
    connected(status=Status.DISCONNECTED)

    assert ops_("companies", "--json").data["companies"] == []
    assert [each["health"] for each in ops_("companies", "--all", "--json").data["companies"]] == ["disconnected"]


def test_a_company_is_found_by_each_of_its_names(ops_: Ops, connected: Callable[..., Connection]) -> None:
    alpha = connected("Alpha GmbH")
    connected("Beta GmbH")

    for named in (alpha.connection_id, alpha.company_id, "alpha gmbh", "alpha g"):
        assert ops_("company", named, "--json").data["connection_id"] == alpha.connection_id


def test_a_name_that_several_share_must_be_made_exact(ops_: Ops, connected: Callable[..., Connection]) -> None:
    alpha, other = connected("Alpha GmbH"), connected("Alpha Nord GmbH")

    ran = ops_("company", "alpha")
    assert ran.code == 1
    assert alpha.connection_id in ran.complaint
    assert other.connection_id in ran.complaint
    assert ops_("company", "Alpha GmbH").code == 0


def test_a_wrong_name_is_answered_with_one_sentence(ops_: Ops) -> None:
    ran = ops_("company", "Nobody AG")
    assert (ran.code, ran.text) == (1, "")
    assert ran.complaint == "No company is called 'Nobody AG': `ops companies` lists them.\n"

    assert ops_("company", "Nobody AG", "--json").data == {
        "error": "No company is called 'Nobody AG': `ops companies` lists them."
    }


def test_names_cannot_colour_the_operators_screen(ops_: Ops, connected: Callable[..., Connection]) -> None:
    connected("[red]Alpha[/red] \x1b[31mGmbH")

    assert "[red]Alpha" in ops_("companies").text
    assert "\x1b[31m" not in ops_("companies").text


def test_a_missing_right_is_said_in_one_sentence(
    ops_: Ops, connected: Callable[..., Connection], connections: Connections, aws: object
) -> None:
    from cloud import Cloud

    assert isinstance(aws, Cloud)
    connected()
    with aws.failing("dynamodb", "Scan", "AccessDeniedException"):
        ran = ops_("companies")
    assert ran.code == 1
    assert ran.complaint.startswith("You lack the right to Scan: ")


def test_a_company_somebody_paused_is_not_broken_but_must_not_be_forgotten(
    ops_: Ops, connected: Callable[..., Connection]
) -> None:
    connected(status=Status.HELD, hold=Hold.PAUSED)

    (found,) = ops_("companies", "--json").data["companies"]
    assert found["health"] == "check"
    assert found["reasons"][0] == "paused"
