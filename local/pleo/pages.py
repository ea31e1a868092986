"""Pleo's pages: formats, and the values that every page gets."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.responses import Response

from local.pleo.world import PleoWorld
from local.standin.clock import BERLIN
from local.standin.pages import Pages, german_number

EXPONENTS = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3, "CLF": 4}


def page(world: PleoWorld, template: str, *, status: int = 200, **context: Any) -> Response:
    """Render a page."""
    return PAGES.render(template, status=status, settings=world.settings, **context)


def money(value: dict[str, Any] | None) -> str:
    """Format an amount in German: `1.234,56 EUR`; with zero or three decimals where the currency has them."""
    if value is None:
        return "–"
    exponent = EXPONENTS.get(value["currency"], 2)
    return f"{german_number(int(value['minors']), exponent=exponent)} {value['currency']}"


def moment(value: str | None) -> str:
    """Format a date-time in Berlin's time: `02.03.2026, 14:05`."""
    if not value:
        return "–"
    return datetime.fromisoformat(value).astimezone(BERLIN).strftime("%d.%m.%Y, %H:%M")


def percent(rate: Decimal | int) -> str:
    """Format a tax rate in German: 0.055 is `5,5 %`."""
    return f"{(Decimal(rate) * 100).normalize():f} %".replace(".", ",")


PAGES = Pages(Path(__file__).parent, {"money": money, "moment": moment, "percent": percent})
