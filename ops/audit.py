"""`ops audit`: who changed what, when and why."""

from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Annotated

import typer

from ops.answer import NOTHING, Answer, moment, plain, table
from ops.app import command
from ops.desk import Desk
from ops.trail import Deed


@command()
def audit(
    desk: Desk,
    days: Annotated[int, typer.Option(min=1, max=3650, help="So many days back.")] = 30,
    company: Annotated[str, typer.Option(help="Only what concerned this company.")] = "",
) -> Answer:
    """Who changed what, when, why, and what came of it; the newest last."""
    wanted = desk.company(company).connection_id if company else ""
    found = desk.trail.read(datetime.now(UTC) - timedelta(days=days))
    actions = [_action(list(deeds)) for _, deeds in groupby(sorted(found, key=_order), key=lambda deed: deed.action_id)]
    shown = sorted((each for each in actions if wanted in {"", each[0].connection_id}), key=lambda each: each[0].at)
    return Answer(
        {
            "actions": [
                {**_data(begun), "phase": end.phase, "ended_at": end.at, "result": end.result} for begun, end in shown
            ]
        },
        table(
            *("when", "who", "what", "company", "why", "result"),
            rows=[
                [
                    moment(begun.at),
                    plain(begun.who.rsplit("/", 1)[-1]),
                    begun.action,
                    begun.connection_id or NOTHING,
                    plain(begun.reason),
                    _result(end),
                ]
                for begun, end in shown
            ],
        ),
    )


def _order(deed: Deed) -> tuple[str, str, bool]:
    return deed.action_id, deed.at, deed.phase != "begun"


def _action(deeds: list[Deed]) -> tuple[Deed, Deed]:
    return deeds[0], deeds[-1]


def _data(deed: Deed) -> dict[str, object]:
    names = ("action_id", "at", "who", "action", "connection_id", "arguments", "reason")
    return {name: getattr(deed, name) for name in names}


def _result(end: Deed) -> str:
    if end.phase == "begun":
        return "[red]interrupted: unknown[/red]"
    return f"[red]{plain(end.result)}[/red]" if end.phase == "failed" else plain(end.result)
