"""What lies in the dead-letter queues, read without consuming it."""

from collections import Counter

from ops.desk import Desk


def by_company(desk: Desk) -> Counter[str]:
    """How many messages of each company lie in dead-letter queues."""
    return Counter()
