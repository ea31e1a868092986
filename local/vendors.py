"""The addresses of Pleo and lexoffice: stand-ins on this machine, or what the environment names instead.

- PLEO_API_URL, PLEO_AUTH_URL, PLEO_CLIENT_ID, PLEO_CLIENT_SECRET name Pleo's staging environment.
- LEXOFFICE_API_URL, LEXOFFICE_APP_URL and so on name lexoffice's sandbox.
- LEXOFFICE_WEBHOOK_KEY is the public key, in PEM format, that verifies the sandbox's events. Without it the product
  does not subscribe to events.

If the environment names a vendor, that vendor's stand-in is not started.
"""

import os
import secrets
import uuid
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor as the stack sees it. `command` starts its stand-in and is empty for a remote vendor."""

    name: str
    api_url: str
    web_url: str  # where users log in: Pleo's authorisation server, lexoffice's web app
    client_id: str
    client_secret: str = field(repr=False)
    command: tuple[str, ...] = ()
    webhook_key_url: str = ""  # where the stand-in publishes the public key of its events

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the stand-in's process: the secret, which `ps` must not show."""
        return {f"{self.name.upper()}_STANDIN_CLIENT_SECRET": self.client_secret}


def pleo(api_url: str, port: int) -> Vendor:
    """Return Pleo, for a product that answers at `api_url`."""
    if os.environ.get("PLEO_API_URL"):
        return _elsewhere("pleo", "PLEO_API_URL", "PLEO_AUTH_URL")
    addresses = {
        "--redirect-uri": f"{api_url}/oauth/pleo/callback",
        "--initiation-uri": f"{api_url}/connect",
        "--settings-uri": f"{api_url}/status",
    }
    return _stand_in("pleo", port, addresses)


def lexoffice(api_url: str, port: int) -> Vendor:
    """Return lexoffice, for a product that answers at `api_url`."""
    if os.environ.get("LEXOFFICE_API_URL"):
        return _elsewhere("lexoffice", "LEXOFFICE_API_URL", "LEXOFFICE_APP_URL")
    vendor = _stand_in("lexoffice", port, {"--redirect-uri": f"{api_url}/oauth/lexoffice/callback"})
    return replace(vendor, webhook_key_url=f"{vendor.web_url}/webhookSignature/public/public_key.pub")


def acquainted(pleo: Vendor, lexoffice: Vendor) -> tuple[Vendor, Vendor]:
    """Return both vendors; each stand-in gets the other one's web address for its links."""
    return _leading_to(pleo, lexoffice), _leading_to(lexoffice, pleo)


def _leading_to(vendor: Vendor, other: Vendor) -> Vendor:
    options = (f"--{other.name}-url", other.web_url)
    return replace(vendor, command=(*vendor.command, *options)) if vendor.command else vendor


def _stand_in(name: str, port: int, addresses: dict[str, str]) -> Vendor:
    url = f"http://127.0.0.1:{port}"
    client_id = str(uuid.uuid4())
    options = {"--port": str(port), "--public-url": url, "--client-id": client_id, **addresses}
    flat = (part for option in options.items() for part in option)
    return Vendor(name, url, url, client_id, secrets.token_urlsafe(32), ("-m", f"local.{name}", *flat))


def _elsewhere(name: str, api_url: str, web_url: str) -> Vendor:
    needed = [api_url, web_url, f"{name.upper()}_CLIENT_ID", f"{name.upper()}_CLIENT_SECRET"]
    missing = [variable for variable in needed if not os.environ.get(variable)]
    if missing:
        raise ValueError(f"{api_url} is set, so these must be set, too: {', '.join(missing)}")
    api, web, client_id, client_secret = (os.environ[variable] for variable in needed)
    return Vendor(name, api.rstrip("/"), web.rstrip("/"), client_id, client_secret)
