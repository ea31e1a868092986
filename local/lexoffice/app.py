"""The application: the app host (`/oauth2`, pages) and the API (`/v1`) on one origin."""

from starlette.applications import Starlette
from starlette.routing import Route

from local.lexoffice import app_pages, consent, control, gateway, oauth, pages, voucher_pages
from local.lexoffice.rendering import PAGES
from local.lexoffice.settings import LexofficeSettings
from local.lexoffice.world import LexofficeWorld
from local.standin.app import StandInApp

_ORGANIZATION = "/organisationen/{organization_id}"
_SUGGESTIONS = f"{_ORGANIZATION}/bank/{{account_id}}/zuordnungsvorschlaege"


def create_app(settings: LexofficeSettings) -> Starlette:
    """Build the application with one organisation, «Muster Handwerk GmbH», and no other data."""
    routes = [
        Route("/v1/{rest:path}", gateway.serve, methods=gateway.METHODS),
        Route("/oauth2/authorize", consent.show, methods=["GET"]),
        Route("/oauth2/authorize", consent.decide, methods=["POST"]),
        Route("/oauth2/token", oauth.token, methods=["POST"]),
        Route("/oauth2/revoke", oauth.revoke, methods=["POST"]),
        *control.ROUTES,
        Route("/", pages.home),
        Route(f"{_ORGANIZATION}/bank", pages.bank),
        Route(f"{_ORGANIZATION}/bank/{{account_id}}", pages.account),
        Route(_SUGGESTIONS, pages.suggestions),
        Route(_SUGGESTIONS, pages.approve, methods=["POST"]),
        Route(f"{_ORGANIZATION}/belege", voucher_pages.vouchers),
        Route(f"{_ORGANIZATION}/belege/{{voucher_id}}", voucher_pages.voucher),
        Route(f"{_ORGANIZATION}/belege/{{voucher_id}}/dateien/{{file_id}}", voucher_pages.file),
        Route("/permalink/vouchers/view/{voucher_id}", voucher_pages.permalink),
        Route("/webhookSignature/public/public_key.pub", voucher_pages.public_key),
        Route(f"{_ORGANIZATION}/kategorien", pages.categories),
        Route(f"{_ORGANIZATION}/apps", app_pages.apps),
        Route(f"{_ORGANIZATION}/apps", app_pages.withdraw, methods=["POST"]),
        *PAGES.stylesheets("lexoffice.css"),
    ]
    return StandInApp(LexofficeWorld(settings), routes)
