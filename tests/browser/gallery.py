"""Every page of ours as a door would answer it, without a door. A new page is one line in `PAGES`."""

from collections.abc import Callable
from functools import partial

import facts
from playwright.sync_api import Page, Route

from shared.domain.connecting.set_up import STEPS, Progress, StepState
from shared.domain.lookup.expense_state import ExpenseState
from shared.domain.lookup.overview import Overview
from shared.pages import render, web
from shared.pages.expense import expense
from shared.pages.render import Links
from shared.pages.status import status
from shared.pages.web import Answer
from shared.texts.messages import MESSAGES
from shared.texts.text import Language

_ADDRESS = "http://127.0.0.1:9"  # nobody answers there: `show` does


def _message(name: str, language: Language) -> Answer:
    return web.page(render.message(name, language))


_LINKS = Links(pleo="https://app.pleo.io", lexoffice="https://app.lexware.de")


def _status(overview: Overview, language: Language) -> Answer:
    return web.page(status(language, overview, links=_LINKS, token="t", now=facts.NOW))


def _expense(traces: tuple[ExpenseState, ...], language: Language) -> Answer:
    return web.page(expense(language, "1042", traces, links=_LINKS, token="t", now=facts.NOW))


def _progress(done: int, language: Language, *, stopped: str = "", slow: bool = False) -> Answer:
    now = StepState.FAILED if stopped else StepState.RUNNING
    states = [StepState.DONE] * done + [now] + [StepState.WAITING] * len(STEPS)
    return web.page(render.progress(language, Progress(tuple(zip(STEPS, states, strict=False)), stopped, slow)))


PAGES: dict[str, Callable[[Language], Answer]] = {
    "connect": lambda language: web.page(render.start(language, today=facts.NOW.date())),
    "result": lambda language: web.page(
        render.result(
            language,
            company="Musterfirma GmbH",
            organisation="Musterfirma Handelsgesellschaft mbH & Co. KG",
            pleo_url="https://app.pleo.io",
            lexoffice_url="https://app.lexware.de",
        )
    ),
    "sign-in": lambda language: web.page(render.sign_in(language)),
    "disconnect": lambda language: web.page(
        render.disconnect(
            language,
            company="Musterfirma GmbH",
            organisation="Musterfirma Handelsgesellschaft mbH & Co. KG",
            days=30,
            token="t",
        )
    ),
    "progress": partial(_progress, 1),
    "progress-slow": partial(_progress, 2, slow=True),
    "progress-stopped": partial(_progress, 1, stopped="catalogue"),
    "status": partial(_status, facts.FINE),
    "status-busy": partial(_status, facts.BUSY),
    "status-attention": partial(_status, facts.ATTENTION),
    "status-held": partial(_status, facts.HELD),
    "status-fresh": partial(_status, facts.FRESH),
    "status-exporting": partial(_status, facts.EXPORTING),
    "status-proven": partial(_status, facts.PROVEN),
    "status-refused": partial(_status, facts.REFUSED),
    "status-disconnected": partial(_status, facts.GONE),
    "expense": partial(_expense, (facts.COMPLETE,)),
    "expense-failed": partial(_expense, (facts.FAILED,)),
    "expense-no-suggestion": partial(_expense, (facts.NO_SUGGESTION, facts.LINE_HELD)),
    "expense-unknown": partial(_expense, ()),
    **{f"message-{name}": partial(_message, name) for name in MESSAGES},
}


def show(page: Page, name: str, language: Language) -> None:
    """Opens a page of the gallery with the headers that a door sends, its policy included."""

    def answer(route: Route) -> None:
        made = PAGES[name](language)
        # A page that loads itself again would do so while it is looked at.
        headers = {name: value for name, value in made["headers"].items() if name != "Refresh"}
        route.fulfill(status=made["statusCode"], headers=headers, body=made["body"])

    page.route(f"{_ADDRESS}/**", answer)
    page.goto(f"{_ADDRESS}/{name}?lang={language}")
