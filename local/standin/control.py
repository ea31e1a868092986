"""The control surface below `/control`: what a test, a demo or a bench does without the vendor's API.

JSON in, JSON out, no authentication. An unknown field is refused with 400, so that a typing error is not mistaken for a
command without effect. The README of each stand-in lists its commands.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.standin.clock import MovableClock
from local.standin.shape import Field, anything, checked, instant, number
from local.standin.switches import Board
from local.standin.wire import JsonObject, parse

CLOCK = {"advance_seconds": Field(number, nullable=True), "now": Field(instant, nullable=True)}


@dataclass(frozen=True, slots=True)
class Order[W]:
    """One control call: the state it changes, the checked fields, and the parameters of path and query."""

    world: W
    body: JsonObject
    params: Mapping[str, str]
    query: QueryParams


@dataclass(frozen=True, slots=True)
class Command[W]:
    """A method and a path, its function (sync or async) and its fields. None: `perform` checks the fields itself."""

    method: str
    path: str
    perform: Callable[[Order[W]], Any]
    shape: Mapping[str, Field] | None = field(default_factory=dict)


def routes(
    commands: Sequence[Command[Any]],
    *,
    render: Callable[[Any], Response],
    refuse: Callable[[Exception], Response],
) -> list[Route]:
    """Return the routes of the control surface. `refuse` renders a ValueError or one of the vendor's refusals."""
    return [Route(f"/control{each.path}", _endpoint(each, render, refuse), methods=[each.method]) for each in commands]


def switch_shape(switches: type[Board]) -> dict[str, Field]:
    """Return the fields of `POST /switches`. The board checks their positions."""
    return dict.fromkeys(switches.switches(), Field(anything))


def move_clock(clock: MovableClock, body: JsonObject) -> None:
    """Set the clock to `now` and advance it by `advance_seconds`."""
    if body.get("now"):
        clock.set(datetime.fromisoformat(body["now"]))
    clock.advance(seconds=body.get("advance_seconds") or 0)


def _endpoint(
    command: Command[Any], render: Callable[[Any], Response], refuse: Callable[[Exception], Response]
) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            body = _object(await request.body())
            if command.shape is not None:
                body = checked(body, command.shape)
            order = Order(request.app.state.world, body, request.path_params, request.query_params)
            answer = command.perform(order)
            return render(await answer if inspect.isawaitable(answer) else answer)
        except Exception as error:
            return refuse(error)

    return endpoint


def _object(raw: bytes) -> JsonObject:
    value = _with_floats(parse(raw)) if raw else {}
    if isinstance(value, list):
        value = {"entries": value}
    if not isinstance(value, dict):
        raise ValueError("The body must be a JSON object.")  # noqa: TRY004 - a mistake of the caller
    return value


def _with_floats(value: Any) -> Any:
    """Convert numbers with a fraction to floats: seconds, rates and factors. Money is whole minor units, or rounded."""
    if isinstance(value, dict):
        return {name: _with_floats(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_floats(each) for each in value]
    return value if value is None or isinstance(value, bool | int | str) else float(value)
