"""What an operator is told when a command cannot be carried out."""


class Refusal(Exception):
    """The command did nothing, or stopped; the message is one sentence with cause and cure, for the operator."""
