"""The parts of RFC 6749 that are the same for both authorisation servers: headers, redirects, grant types."""

import base64
import binascii
import hmac
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from local.standin.tokens import OAuthError

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store"}


def bearer_token(authorization: str) -> str:
    """Return the token of an `Authorization` header, or ""."""
    return _after_scheme(authorization, "bearer")


def basic_credentials(authorization: str) -> tuple[str, str] | None:
    """Return user name and password of HTTP Basic as sent; None without Basic, empty texts for a malformed header."""
    encoded = _after_scheme(authorization, "basic")
    if not encoded:
        return None
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def is_client(presented: tuple[str, str], *, client_id: str, client_secret: str) -> bool:
    """Return whether credentials are the registered client's, in constant time."""
    name, secret = presented
    return name == client_id and hmac.compare_digest(secret.encode(), client_secret.encode())


def redirect_back(redirect_uri: str, state: str | None, *, status: int, **answer: str) -> Response:
    """Redirect the browser to the app with the answer. `state` is echoed if the request had one."""
    parameters = answer | ({} if state is None else {"state": state})
    separator = "&" if "?" in redirect_uri else "?"
    return RedirectResponse(f"{redirect_uri}{separator}{urlencode(parameters)}", status)


def grant_type(form: FormData) -> str:
    """Return the grant type. Raise OAuthError if it is missing or neither code nor refresh token."""
    asked = text_of(form, "grant_type")
    if not asked:
        raise OAuthError("invalid_request", "Missing grant_type")
    if asked not in {"authorization_code", "refresh_token"}:
        raise OAuthError("unsupported_grant_type", "Use authorization_code or refresh_token")
    return asked


def text_of(form: FormData, name: str) -> str:
    """Return a field of a form, or ""."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def error_body(error: OAuthError) -> dict[str, str]:
    """Return the body of an error response (RFC 6749 §5.2)."""
    body = {"error": error.error}
    return body | {"error_description": error.description} if error.description else body


def error_headers(error: OAuthError, *, realm: str) -> dict[str, str]:
    """Return the headers of an error response. A 401 requests HTTP Basic."""
    challenge = {"WWW-Authenticate": f'Basic realm="{realm}"'} if error.status == 401 else {}
    return NO_STORE | challenge


def _after_scheme(authorization: str, scheme: str) -> str:
    found, _, rest = authorization.partition(" ")
    return rest.strip() if found.lower() == scheme else ""
