"""Every page of ours as a door would answer it, without a door. A new page is one line in `PAGES`."""

from collections.abc import Callable
from functools import partial

from playwright.sync_api import Page, Route

from shared.pages import render, web
from shared.pages.texts import MESSAGES, Language
from shared.pages.web import Answer

_ADDRESS = "http://127.0.0.1:9"  # nobody answers there: `show` does


def _message(name: str, language: Language) -> Answer:
    return web.page(render.message(name, language))


PAGES: dict[str, Callable[[Language], Answer]] = {
    "connect": lambda language: web.page(render.start(language)),
    "result": lambda language: web.page(
        render.result(
            language,
            company="Musterfirma GmbH",
            organisation="Musterfirma Handelsgesellschaft mbH & Co. KG",
            lexoffice_url="https://app.lexware.de",
        )
    ),
    **{f"message-{name}": partial(_message, name) for name in MESSAGES},
}


def show(page: Page, name: str, language: Language) -> None:
    """Opens a page of the gallery with the headers that a door sends, its policy included."""

    def answer(route: Route) -> None:
        made = PAGES[name](language)
        route.fulfill(status=made["statusCode"], headers=made["headers"], body=made["body"])

    page.route(f"{_ADDRESS}/**", answer)
    page.goto(f"{_ADDRESS}/{name}?lang={language}")
