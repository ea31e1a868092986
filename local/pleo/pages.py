"""Pages from templates: German, no script, and labelled as a stand-in."""

from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from starlette.responses import HTMLResponse, Response

from local.pleo.world import World

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
# No form-action: browsers apply it to the redirect that follows a form, and consent redirects to another origin.
POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
EXPONENTS = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3, "CLF": 4}


def page(world: World, template: str, *, status: int = 200, **context: Any) -> Response:
    """A rendered page. It may be shown before anybody is connected; nothing on it is secret."""
    html = _environment().get_template(template).render(settings=world.settings, **context)
    return HTMLResponse(html, status, headers=HEADERS)


def money(value: dict[str, Any] | None) -> str:
    """An amount the German way: `1.234,56 EUR`; zero and three decimals where the currency has them."""
    if value is None:
        return "–"
    exponent = EXPONENTS.get(value["currency"], 2)
    minors = int(value["minors"])
    whole, fraction = divmod(abs(minors), 10**exponent)
    text = f"{whole:,}".replace(",", ".") + (f",{fraction:0{exponent}d}" if exponent else "")
    return f"{'−' if minors < 0 else ''}{text} {value['currency']}"


def moment(value: str | None) -> str:
    """A date-time in Berlin's time: `02.03.2026, 14:05`."""
    if not value:
        return "–"
    return datetime.fromisoformat(value).astimezone(ZoneInfo("Europe/Berlin")).strftime("%d.%m.%Y, %H:%M")


def percent(rate: Decimal | int) -> str:
    """A tax rate the German way: 0.055 is `5,5 %`."""
    return f"{(Decimal(rate) * 100).normalize():f} %".replace(".", ",")


@cache
def _environment() -> "Environment":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "moment": moment, "percent": percent}
    return environment
