"""Text from customers and vendors, made fit for one line."""


def one_line(text: str, limit: int) -> str:
    """Printable text without line breaks, at most `limit` characters, cut visibly."""
    printable = "".join(ch if ch.isprintable() else " " for ch in text)
    words = " ".join(printable.split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
