"""Every page of ours, in both languages: accessible, whole on a phone, quiet; and pictured in build/screenshots."""

from pathlib import Path

import jinja2
import pytest
from playwright.sync_api import Page, expect

from shared.pages import render
from shared.texts.messages import COMMON
from shared.texts.status import STATUS
from shared.texts.text import Language

from .accessibility import violations
from .conftest import BUILD
from .gallery import PAGES, show

_LANGUAGES: tuple[Language, ...] = ("de", "en")
_WIDTHS = {"desktop": 1280, "phone": 390}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_desktop_and_phone(page: Page, name: str) -> None:
    for language in _LANGUAGES:
        show(page, name, language)

        assert violations(page) == [], language
        for device, width in _WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 844})
            page.screenshot(path=BUILD / "screenshots" / f"{name}-{language}-{device}.png", full_page=True)
            needed = page.evaluate("document.documentElement.scrollWidth")
            assert needed <= width, f"the page in {language} scrolls sideways on a {device}"
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast") == [], "in dark colours"


def test_no_page_is_missing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that this folder does not know would be looked at by nobody."""
    used = set()
    get_template = jinja2.Environment.get_template

    def noted(environment: jinja2.Environment, name: str, *arguments: object) -> jinja2.Template:
        used.add(name)
        return get_template(environment, name, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(jinja2.Environment, "get_template", noted)
    for answer in PAGES.values():
        answer("de")

    assert used == {path.name for path in Path(render.__file__).parent.joinpath("templates").iterdir()}


def test_a_keyboard_skips_to_the_content_and_opens_what_is_folded(page: Page) -> None:
    show(page, "status", "de")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=COMMON["skip"].de)).to_be_focused()
    expect(page.get_by_role("link", name=COMMON["skip"].de)).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="lexoffice öffnen")).to_be_focused()

    how = page.get_by_text(STATUS["hand_how_title"].de)
    how.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(STATUS["hand_how_transit"].de)).to_be_visible()
