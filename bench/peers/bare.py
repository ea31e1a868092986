"""The least a Python function can be: the floor under every start-up time."""


def handler(_event: dict[str, object], _context: object) -> dict[str, object]:
    """Do nothing."""
    return {}
