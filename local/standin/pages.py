"""The page shell: German pages without JavaScript, labelled as a stand-in, and their stylesheets."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent
# No form-action: browsers apply it to the redirect after a form, and consent redirects to another origin.
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


class Pages:
    """A vendor's templates, which extend `shell.html`, and its formats."""

    def __init__(self, folder: Path, filters: Mapping[str, Callable[..., str]]) -> None:
        self._folder = folder
        self._filters = filters

    def render(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """Render a page. A page needs no login and contains no secret."""
        return HTMLResponse(self._environment.get_template(template).render(context), status, headers=_HEADERS)

    def stylesheets(self, name: str) -> list[Route]:
        """Return the routes of the common stylesheet and of the vendor's own."""
        return [_static("shell.css", _HERE), _static(name, self._folder)]

    @cached_property
    def _environment(self) -> "Environment":
        # Imported with the first page, so that the port opens sooner.
        import jinja2

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([self._folder / "templates", _HERE / "templates"]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= self._filters
        return environment


def german_number(minors: int, *, exponent: int = 2) -> str:
    """Format an amount in German, with a real minus sign: -123450 minor units are `−1.234,50`."""
    whole, fraction = divmod(abs(minors), 10**exponent)
    text = f"{whole:,}".replace(",", ".") + (f",{fraction:0{exponent}d}" if exponent else "")
    return f"{'−' if minors < 0 else ''}{text}"


def _static(name: str, folder: Path) -> Route:
    async def stylesheet(_request: Request) -> Response:
        return FileResponse(folder / "static" / name, media_type="text/css")

    return Route(f"/static/{name}", stylesheet, methods=["GET"])
