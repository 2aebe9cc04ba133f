"""Every page of a running server: axe finds nothing, nothing scrolls sideways, and there is a picture to look at.

The pictures are in `tests/browser/screenshots/`: each page at 360 and 1280 pixels, light and dark, in both languages.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.application import application
from tests.browser.tour import every_page

SCREENSHOTS = Path(__file__).parent / "screenshots"
AXE = Path(__file__).parents[1] / "pages" / "node_modules" / "axe-core" / "axe.min.js"
VIOLATIONS = (
    "axe.run().then(r => r.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 120)).join(' ')}`))"
)
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
# Nobody said whose they are; and a known client with a wrong address looks like an unknown one.
WITHOUT_TENANT = {"signout", "signed-out", "inbox", "error"}
LANGUAGES = {"en": "en-GB", "de": "de-DE"}


@pytest.mark.promise(
    "3.proof.axe", "3.proof.screenshots", "3.4.accessible", "3.4.sizes-themes", "3.4.languages", "3.4.pages"
)
@pytest.mark.parametrize("database", ["sqlite"])  # what is drawn is the same on both
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page(real_time_server, app, new_visitor, language):
    if not AXE.exists():
        pytest.skip("axe-core is not installed")
    visitor, stranger = (new_visitor(locale=LANGUAGES[language]) for _ in range(2))
    wrong: dict[str, list[str]] = {}
    seen = []
    with application(real_time_server, users=[]) as newcomer:
        for name, at in every_page(app, newcomer, visitor, stranger):
            seen.append(name)
            found = look_at(at.tab, f"{name}.{language}")
            if at.tab.locator("html").get_attribute("lang") != language:
                found.append("another language")
            if at.tab.locator("h1").count() != 1:
                found.append("not one h1")
            if name not in WITHOUT_TENANT and "Acme" not in at.tab.locator("body").inner_text():
                found.append("no tenant's name")
            if found:
                wrong[name] = found
    assert wrong == {}
    assert len(seen) == len(set(seen)) == 20


def look_at(tab: Page, name: str) -> list[str]:
    """What is wrong with the page in its four forms; a picture of each is kept."""
    SCREENSHOTS.mkdir(exist_ok=True)
    tab.evaluate(AXE.read_text())
    found = []
    for width in (360, 1280):
        tab.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            tab.screenshot(path=SCREENSHOTS / f"{name}.{width}.{scheme}.png", full_page=True, animations="disabled")
            found += [f"{width} {scheme}: {violation}" for violation in tab.evaluate(VIOLATIONS)]
            if tab.evaluate(TOO_WIDE):
                found.append(f"{width} {scheme}: scrolls sideways")
    return found
