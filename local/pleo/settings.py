"""The start parameters of the stand-in: its own address and the one registered OAuth client."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PleoSettings:
    """The registration of the integration at Pleo, as https://developers.pleo.io/docs/for-partners lists it.

    `public_url` is the origin at which browsers and clients reach the stand-in. URLs are absolute, without a trailing
    slash.
    """

    public_url: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...] = ()
    initiation_uri: str = ""
    settings_uri: str = ""
    lexoffice_url: str = ""  # lexoffice's web address, for links; empty if unknown
    application_name: str = "lexoffice"
