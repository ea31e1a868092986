"""Pleo's lists: `{data, pagination}` with cursors, `limit`, and sorting by parallel arrays.

https://developers.pleo.io:
- Query: `limit` and one of `offset`, `after`, `before` (exclusive).
- Cursors match `^[A-Z2-7=~]+$`.
- `sorting_keys` and `sorting_order` are repeated keys of equal number.

A cursor contains the sort values of its row. A row that appears or disappears elsewhere therefore never shifts a page.
"""

import base64
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from local.pleo.switches import PleoSwitches
from local.pleo.wire import Json, answer, bad_parameter

CURSOR = re.compile(r"[A-Z2-7=~]+")
LONGEST_PAGE = 100
USUAL_PAGE = 5  # where no default is documented
ORDERS = ("ASC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC", "DESC_NULLS_FIRST", "DESC_NULLS_LAST")
PAGING = frozenset({"limit", "offset", "after", "before", "sorting_keys", "sorting_order"})

type Sorting = tuple[tuple[str, str], ...]
type Rank = tuple[tuple[int, Any], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list can be paged: sortable fields, default order and page size, and whether it takes `offset`."""

    sortable: tuple[str, ...]
    default: Sorting = (("createdAt", "ASC"),)
    default_limit: int | None = None
    offsets: bool = True
    key: str = "id"  # the field that makes a row unique


@dataclass(frozen=True, slots=True)
class _Descending:
    value: str

    def __lt__(self, other: "_Descending") -> bool:
        return other.value < self.value


def paged(
    request: Request,
    switches: PleoSwitches,
    rows: Sequence[Json],
    listing: Listing,
    *,
    whole: Callable[[Json], Json] | None = None,
) -> Response:
    """Return one page of `rows` as the request's query asks for. `whole` completes the rows of that page only.

    Raise PleoRefusal (400) for an invalid parameter.
    """
    sorting = _sorting(request, listing)
    limit = _limit(request, switches, listing)
    ranked = sorted(((_rank(_values(row, sorting), sorting), row) for row in rows), key=lambda pair: pair[0])
    start, end = _window(request, [rank for rank, _ in ranked], limit, sorting, listing)
    data = [row for _, row in ranked[start:end]]
    pagination: Json = {
        "currentRequestPagination": _echo(request, sorting, limit),
        "hasNextPage": end < len(ranked),
        "hasPreviousPage": start > 0 and bool(ranked),
        "total": len(ranked),
    }
    if data:
        pagination["startCursor"] = _cursor(data[0], sorting)
        pagination["endCursor"] = _cursor(data[-1], sorting)
    return answer({"data": [whole(row) for row in data] if whole else data, "pagination": pagination})


def _sorting(request: Request, listing: Listing) -> Sorting:
    keys = request.query_params.getlist("sorting_keys")
    orders = request.query_params.getlist("sorting_order")
    if not keys and not orders:
        return _unique(listing.default, listing.key)
    if orders and len(orders) != len(keys):
        raise bad_parameter("sorting_order must have the same length as sorting_keys.")
    if unknown := [key for key in keys if key not in listing.sortable]:
        raise bad_parameter(f"sorting_keys does not know {unknown[0]}.")
    if wrong := [order for order in orders if order not in ORDERS]:
        raise bad_parameter(f"sorting_order does not know {wrong[0]}.")
    return _unique(tuple(zip(keys, orders or ["ASC"] * len(keys), strict=True)), listing.key)


def _unique(sorting: Sorting, unique: str) -> Sorting:
    return sorting if any(key == unique for key, _ in sorting) else (*sorting, (unique, "ASC"))


def _limit(request: Request, switches: PleoSwitches, listing: Listing) -> int:
    asked = _whole(request, "limit")
    if asked is not None and not 1 <= asked <= LONGEST_PAGE:
        raise bad_parameter(f"limit must be between 1 and {LONGEST_PAGE}.")
    limit = asked or listing.default_limit or USUAL_PAGE
    return min(limit, switches.page_cap) if switches.page_cap else limit


def _whole(request: Request, name: str) -> int | None:
    value = request.query_params.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,9}", value):
        raise bad_parameter(f"{name} must be a whole number.")
    return int(value)


def _window(request: Request, ranks: list[Rank], limit: int, sorting: Sorting, listing: Listing) -> tuple[int, int]:
    given = [name for name in ("offset", "after", "before") if name in request.query_params]
    if len(given) > 1:
        raise bad_parameter(f"{given[0]} cannot be used together with {given[1]}.")
    if "offset" in given and not listing.offsets:
        raise bad_parameter("offset is not supported here.")
    if "before" in given:
        end = bisect_left(ranks, _position(request.query_params["before"], sorting))
        return max(0, end - limit), end
    if "after" in given:
        start = bisect_right(ranks, _position(request.query_params["after"], sorting))
    else:
        start = _whole(request, "offset") or 0
        if start < 0:
            raise bad_parameter("offset must not be negative.")
    return start, min(start + limit, max(start, len(ranks)))


def _values(row: Json, sorting: Sorting) -> list[str | None]:
    return [None if row.get(key) is None else str(row[key]) for key, _ in sorting]


def _rank(values: list[str | None], sorting: Sorting) -> Rank:
    parts: list[tuple[int, Any]] = []
    for value, (_, order) in zip(values, sorting, strict=True):
        # As in the database that Pleo most likely uses: nulls count as the largest value unless the order says
        # otherwise.
        nulls_first = order.endswith("NULLS_FIRST") or order == "DESC"
        null_rank = 0 if nulls_first else 2
        shown = _Descending(value or "") if order.startswith("DESC") else value or ""
        parts.append((null_rank if value is None else 1, shown))
    return tuple(parts)


def _cursor(row: Json, sorting: Sorting) -> str:
    content = json.dumps([[list(pair) for pair in sorting], _values(row, sorting)], separators=(",", ":"))
    return base64.b32encode(content.encode()).decode()


def _position(cursor: str, sorting: Sorting) -> Rank:
    if not CURSOR.fullmatch(cursor):
        raise bad_parameter("The cursor is not valid.")
    try:
        pairs, values = json.loads(base64.b32decode(cursor))
    except ValueError as error:
        raise bad_parameter("The cursor is not valid.") from error
    if pairs != [list(pair) for pair in sorting]:
        raise bad_parameter("The cursor belongs to another order.")
    return _rank(values, sorting)


def _echo(request: Request, sorting: Sorting, limit: int) -> Json:
    query = request.query_params
    return {
        "parameters": {name: query.getlist(name) for name in query if name not in PAGING},
        "limit": limit,
        "offset": _whole(request, "offset") or 0,
        "after": query.get("after"),
        "before": query.get("before"),
        "sortingKeys": [key for key, _ in sorting],
        "sortingOrder": [order for _, order in sorting],
    }
