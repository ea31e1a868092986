"""When a backlog will be done at lexoffice's pace: feed and export share one organisation's slots, turn by turn.

25 lines a call (https://developers.lexware.io/partner/docs, Finance Endpoint); an export item is three calls: voucher,
receipt, hint (docs/mapping.md). Both are estimates for people.
"""

from datetime import UTC, datetime, timedelta

_LINES_A_CALL = 25
_CALLS_AN_ITEM = 3
_WORTH_TELLING = timedelta(minutes=1)


def finish_time(
    *, lines: int, items: int, interval_ms: int, next_at_ms: int, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """When so many waiting lines, and so many open export items, will be done.

    `next_at_ms` is the next free slot (Unix, milliseconds). None for what is less than a minute away, or not there.
    """
    feed, export = -(-lines // _LINES_A_CALL), items * _CALLS_AN_ITEM
    shared = min(feed, export)
    start = max(now, datetime.fromtimestamp(next_at_ms / 1000, UTC))
    moments = [start + timedelta(milliseconds=(calls + shared) * interval_ms) for calls in (feed, export)]
    feed_done, export_done = (moment if moment - now > _WORTH_TELLING else None for moment in moments)
    return feed_done if lines else None, export_done if items else None
