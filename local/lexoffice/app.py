"""Puts the stand-in together: one origin for the app host (`/oauth2`, pages) and the API (`/v1`)."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from local.lexoffice import app_pages, consent, control, gateway, oauth, pages, rendering, voucher_pages
from local.lexoffice.settings import Settings
from local.lexoffice.world import World


class StandIn(Starlette):
    """A Starlette application that also knows the connection's transport, to drop it on order."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; uvicorn's `send` is bound to the cycle that owns the transport."""
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        scope["local.transport"] = transport if isinstance(transport, asyncio.Transport) else None
        await super().__call__(scope, receive, send)


def create_app(settings: Settings) -> Starlette:
    """Build the application with one organisation, «Muster Handwerk GmbH», and nothing else in it."""
    organization = "/organisationen/{organization_id}"
    app = StandIn(
        routes=[
            Route("/v1/{rest:path}", gateway.serve, methods=gateway.METHODS),
            Route("/oauth2/authorize", consent.show, methods=["GET"]),
            Route("/oauth2/authorize", consent.decide, methods=["POST"]),
            Route("/oauth2/token", oauth.token, methods=["POST"]),
            Route("/oauth2/revoke", oauth.revoke, methods=["POST"]),
            *control.ROUTES,
            Route("/", pages.home),
            Route(f"{organization}/bank", pages.bank),
            Route(f"{organization}/bank/{{account_id}}", pages.account),
            Route(f"{organization}/bank/{{account_id}}/zuordnungsvorschlaege", pages.suggestions),
            Route(f"{organization}/bank/{{account_id}}/zuordnungsvorschlaege", pages.approve, methods=["POST"]),
            Route(f"{organization}/belege", voucher_pages.vouchers),
            Route(f"{organization}/belege/{{voucher_id}}", voucher_pages.voucher),
            Route(f"{organization}/belege/{{voucher_id}}/dateien/{{file_id}}", voucher_pages.file),
            Route("/permalink/vouchers/view/{voucher_id}", voucher_pages.permalink),
            Route("/webhookSignature/public/public_key.pub", voucher_pages.public_key),
            Route(f"{organization}/kategorien", pages.categories),
            Route(f"{organization}/apps", app_pages.apps),
            Route(f"{organization}/apps", app_pages.withdraw, methods=["POST"]),
            Mount("/static", StaticFiles(directory=rendering.FOLDER / "static")),
        ]
    )
    app.state.world = World(settings)
    return app
