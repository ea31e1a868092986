"""Build the clients for a company's calls to Pleo and lexoffice: tokens, rate limiter, HTTP client.

One instance per process keeps connections open, and credentials and data keys cached, between invocations.
"""

from collections.abc import Callable
from functools import cached_property

from shared.aws import credentials
from shared.aws.connections import Connection
from shared.aws.limiter import Limiter, organisation_key
from shared.aws.tokens import CompanyTokens, TokenStore
from shared.aws.vault import Vault
from shared.config import VendorSettings
from shared.domain.connecting.tokens import ClientCredentials, TokenPair
from shared.errors import AccessGone
from shared.http.client import Http
from shared.lexoffice import models as lexoffice_models
from shared.lexoffice import oauth as lexoffice_oauth
from shared.lexoffice.client import LexofficeClient
from shared.pleo import models as pleo_models
from shared.pleo import oauth as pleo_oauth
from shared.pleo.client import PleoClient

# A call may take as long as lexoffice's gateway waits (30 s); the rest is for recording its outcome.
SECONDS_FOR_A_CALL = 40.0
PLEO = "pleo"
LEXOFFICE = "lexoffice"

type Remaining = Callable[[], float]


class Vendors:
    """Clients of both vendors for any company; `pleo_auth` and `lexoffice_auth` are the authorisation servers."""

    def __init__(self, settings: VendorSettings) -> None:
        self._settings = settings
        # Create the clients at start-up: loading certificates must not delay the first call beyond its slot.
        self.pleo_auth = Http(PLEO, settings.pleo_auth_url, issues=pleo_models.issues)
        self.lexoffice_auth = Http(LEXOFFICE, settings.lexoffice_app_url, issues=lexoffice_models.issues)
        self._pleo_api = Http(PLEO, settings.pleo_api_url, issues=pleo_models.issues)
        self._lexoffice_api = Http(LEXOFFICE, settings.lexoffice_api_url, issues=lexoffice_models.issues)

    def pleo(self, connection: Connection) -> PleoClient:
        """Return Pleo's client for a company."""
        tokens = CompanyTokens(self.tokens, connection.connection_id, connection.company_id, PLEO, self._refresh_pleo)
        return PleoClient(self._pleo_api.acting_for(tokens))

    def lexoffice(self, connection: Connection, remaining: Remaining) -> LexofficeClient:
        """Return lexoffice's rate-limited client for a company; it waits at most `remaining` seconds for a slot."""
        pacer = self._pacer(connection, remaining)
        return LexofficeClient(self._lexoffice_api.acting_for(self._lexoffice_tokens(connection), pacer=pacer))

    def revoke_lexoffice(self, connection: Connection, revoke: Callable[[str], None]) -> None:
        """Call `revoke` with the company's refresh token for lexoffice. Raises AccessGone if there is none."""
        self._lexoffice_tokens(connection).revoke(revoke)

    def pleo_with(self, pair: TokenPair) -> PleoClient:
        """Return Pleo's client for a token pair that was just issued and is not stored yet."""
        return PleoClient(self._pleo_api.acting_for(_Fresh(PLEO, pair)))

    def lexoffice_with(self, pair: TokenPair, connection: Connection, remaining: Remaining) -> LexofficeClient:
        """Return lexoffice's rate-limited client for a token pair that was just issued and is not stored yet."""
        pacer = self._pacer(connection, remaining)
        return LexofficeClient(self._lexoffice_api.acting_for(_Fresh(LEXOFFICE, pair), pacer=pacer))

    def charge_lexoffice(self, connection: Connection) -> None:
        """Count the call that identified the organisation towards the organisation's rate limit."""
        self._pacer(connection, lambda: 0.0).charge()

    @cached_property
    def tokens(self) -> TokenStore:
        """Return the store of all companies' tokens."""
        return TokenStore(self._settings.token_table, Vault(self._settings.key_arn))

    @property
    def pleo_credentials(self) -> ClientCredentials:
        """Return our client credentials at Pleo."""
        return credentials.pleo(self._settings.vendor_secret_arn)

    @property
    def lexoffice_credentials(self) -> ClientCredentials:
        """Return our client credentials at lexoffice."""
        return credentials.lexoffice(self._settings.vendor_secret_arn)

    def _lexoffice_tokens(self, connection: Connection) -> CompanyTokens:
        owner = (connection.connection_id, connection.company_id)
        return CompanyTokens(self.tokens, *owner, LEXOFFICE, self._refresh_lexoffice)

    def _pacer(self, connection: Connection, remaining: Remaining) -> Limiter:
        keys = [organisation_key(connection)]
        if self._settings.lexoffice_limit == "organisation+client":
            keys.append("lexoffice.client")
        return Limiter(self._settings.connection_table, keys, remaining=remaining)

    def _refresh_pleo(self, refresh_token: str) -> TokenPair:
        return pleo_oauth.refresh(self.pleo_auth, client=self.pleo_credentials, refresh_token=refresh_token)

    def _refresh_lexoffice(self, refresh_token: str) -> TokenPair:
        return lexoffice_oauth.refresh(
            self.lexoffice_auth, client=self.lexoffice_credentials, refresh_token=refresh_token
        )


class _Fresh:
    """Tokens straight from the authorisation server, used to identify their company or organisation."""

    def __init__(self, vendor: str, pair: TokenPair) -> None:
        self._vendor = vendor
        self._pair = pair

    def current(self) -> str:
        return self._pair.access_token

    def renew(self, rejected: str) -> str:  # noqa: ARG002 - there is no other token yet
        raise AccessGone(self._vendor, "the first call", reason="a fresh token is refused")
