"""HTML pages: the template environment, German formats, and headers that allow no script."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from local.lexoffice.clock import BERLIN

FOLDER = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def german_date(moment: datetime) -> str:
    """Write a day as people in Germany read it: `02.03.2026`."""
    return f"{moment.astimezone(BERLIN):%d.%m.%Y}"


def german_day(day: date) -> str:
    """Write a calendar day the same way."""
    return f"{day:%d.%m.%Y}"


def german_money(amount: Decimal) -> str:
    """Write EUR the German way, with a real minus sign: `−1.234,50 €`."""
    digits = f"{abs(amount):,.2f}".translate(str.maketrans(",.", ".,"))
    return f"{'−' if amount < 0 else ''}{digits} €"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"date": german_date, "day": german_day, "money": german_money}
    return environment


_TEMPLATES = _environment()


def page(request: Request, template: str, *, status: int = 200, **context: object) -> Response:
    """Render a page; every template sees the present path for its navigation, and where Pleo is."""
    html = _TEMPLATES.get_template(template).render(
        path=request.url.path, pleo_url=request.app.state.world.settings.pleo_url, **context
    )
    return HTMLResponse(html, status_code=status, headers=_HEADERS)
