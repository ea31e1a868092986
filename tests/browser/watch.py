"""What no page may do in a browser, whoever shows it: complain, break its own policy, fail, or call elsewhere."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# Chromium repeats every refused answer on the console; `_answered` judges it by its status.
_REPEATED = "Failed to load resource: the server responded with a status of"


class Watch:
    """Listens to one browser context; `problems` tells what happened, and is empty when all is well.

    `refusals` are the HTTP statuses of the error pages that a test means to see.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.problems: list[str] = []
        self.refusals: set[int] = set()
        context.on("console", self._said)
        context.on("weberror", self._raised)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("requestfailed", self._failed)

    def _said(self, message: ConsoleMessage) -> None:
        # A breach of the Content-Security-Policy is an error on the console, too.
        if message.type in {"error", "warning"} and not message.text.startswith(_REPEATED):
            self.problems.append(f"console: {message.text} ({message.location['url']})")

    def _raised(self, error: WebError) -> None:
        self.problems.append(f"script: {error.error.message}")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data" and address.hostname != "127.0.0.1":
            self.problems.append(f"asked {address.scheme}://{address.hostname}, which is not this machine")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refusals:
            self.problems.append(f"{response.status} from {urlsplit(response.url).path}")

    def _failed(self, request: Request) -> None:
        self.problems.append(f"{urlsplit(request.url).path} failed: {request.failure}")
