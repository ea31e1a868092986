"""Minimal Python function: the lower bound of every start-up time."""


def handler(_event: dict[str, object], _context: object) -> dict[str, object]:
    """Do nothing."""
    return {}
