"""What OAuth hands out and what it is asked with; secrets never show in a repr, so never in a log line."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """This product's own identity at one vendor."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """One authorisation's tokens as the vendor just issued them; the pair before it is dead from now on.

    `expires_in` counts seconds from the answer and concerns the access token only.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
