"""Estimate when a backlog is done at lexoffice's rate limit. Feed and export take an organisation's slots alternately.

One call sends at most 25 lines (https://developers.lexware.io/partner/docs, Finance Endpoint). An export item takes
three calls: voucher, receipt, hint (docs/mapping.md). Both figures are estimates for display.
"""

from datetime import UTC, datetime, timedelta

_LINES_A_CALL = 25
_CALLS_AN_ITEM = 3
_WORTH_TELLING = timedelta(minutes=1)


def finish_time(
    *, lines: int, items: int, interval_ms: int, next_at_ms: int, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return when the waiting lines and the open export items will be done, each None if within a minute or if none.

    - `lines`, `items`: number of waiting lines and of open export items.
    - `interval_ms`: milliseconds between two slots.
    - `next_at_ms`: the next free slot (Unix time in milliseconds).
    """
    feed, export = -(-lines // _LINES_A_CALL), items * _CALLS_AN_ITEM
    shared = min(feed, export)
    start = max(now, datetime.fromtimestamp(next_at_ms / 1000, UTC))
    moments = [start + timedelta(milliseconds=(calls + shared) * interval_ms) for calls in (feed, export)]
    feed_done, export_done = (moment if moment - now > _WORTH_TELLING else None for moment in moments)
    return feed_done if lines else None, export_done if items else None
