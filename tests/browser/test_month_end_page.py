"""The month-end sheet: accessible, whole on a phone and on A4 paper; pictured."""

from dataclasses import replace

import pytest
from ops_commands.month_end_samples import facts, october
from playwright.sync_api import Page

from ops.month_end.facts import MonthFacts
from ops.month_end.page import text_of
from ops.month_end.sheet import sheet_of

from .accessibility import violations
from .conftest import BUILD

_ADDRESS = "http://127.0.0.1:9"  # nobody answers there: the test does
_SHEETS = {"everything": october(), "provisional": replace(october(), caught_up_to=None, hold="plan"), "empty": facts()}
_WIDTHS = {"desktop": 1280, "phone": 390}
# A4 without the margins of the page, at 96 pixels an inch.
_PAPER = 688


@pytest.mark.parametrize("name", _SHEETS)
def test_a_sheet_is_accessible_and_fits_desktop_phone_and_paper(page: Page, name: str) -> None:
    _open(page, _SHEETS[name])

    assert violations(page) == []
    for device, width in _WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=BUILD / "screenshots" / f"month-end-{name}-{device}.png", full_page=True)
        assert _needed(page) <= width, f"the sheet scrolls sideways on a {device}"
    page.emulate_media(color_scheme="dark")
    assert violations(page) == [], "in dark colours"
    page.set_viewport_size({"width": _PAPER, "height": 972})
    page.emulate_media(media="print", color_scheme="dark")
    assert _needed(page) <= _PAPER, "the sheet is wider than the paper"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.pdf(path=BUILD / "screenshots" / f"month-end-{name}.pdf", prefer_css_page_size=True)


def _open(page: Page, found: MonthFacts) -> None:
    page.route(f"{_ADDRESS}/**", lambda route: route.fulfill(content_type="text/html", body=text_of(sheet_of(found))))
    page.goto(f"{_ADDRESS}/sheet.html")


def _needed(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width
