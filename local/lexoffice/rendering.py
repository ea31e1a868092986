"""lexoffice's pages: German formats, and the values that every page gets."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from local.standin.clock import BERLIN
from local.standin.pages import Pages, german_number


def german_date(moment: datetime) -> str:
    """Format the day of a time in German: `02.03.2026`."""
    return f"{moment.astimezone(BERLIN):%d.%m.%Y}"


def german_day(day: date) -> str:
    """Format a calendar day in German."""
    return f"{day:%d.%m.%Y}"


def german_money(amount: Decimal) -> str:
    """Format EUR with a real minus sign: `−1.234,50 €`."""
    return f"{german_number(round(amount * 100))} €"


def page(request: Request, template: str, *, status: int = 200, **context: object) -> Response:
    """Render a page. Every template gets the current path for its navigation, and Pleo's address."""
    pleo_url = request.app.state.world.settings.pleo_url
    return PAGES.render(template, status=status, path=request.url.path, pleo_url=pleo_url, **context)


PAGES = Pages(Path(__file__).parent, {"date": german_date, "day": german_day, "money": german_money})
