"""Errors shown to the operator."""


class CommandRefused(Exception):
    """The command cannot be carried out. The message is one sentence with cause and remedy."""
