"""Clean-up of text from customers and vendors."""


def one_line(text: str, limit: int) -> str:
    """Return the printable text on one line, at most `limit` characters. A text that was cut ends with an ellipsis."""
    printable = "".join(ch if ch.isprintable() else " " for ch in text)
    words = " ".join(printable.split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
