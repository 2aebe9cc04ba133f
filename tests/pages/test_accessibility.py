"""Every page in a real browser, under the policy that it is served with: axe finds nothing, nothing is refused, nothing
scrolls sideways, and every target is as large as a thumb needs."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Route

from sigid.pages import brand, csp, render, views
from sigid.pages.assets import assets
from tests.pages.samples import HALDEN, PAGES

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
ORIGIN = "http://pages.localhost"
PIXEL = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

# Targets have 24 CSS pixels at least; links in a sentence and boxes with a label are free of it (WCAG 2.2, 2.5.8).
MEASURE = """() => ({
  width: document.documentElement.scrollWidth - innerWidth,
  small: [...document.querySelectorAll("button, input:not([type=hidden]), .btn, summary")]
    .filter(e => !e.labels?.length && Math.min(e.offsetWidth || 24, e.offsetHeight || 24) < 24)
    .map(e => e.outerHTML.slice(0, 90)),
  font: document.fonts.check('16px "Schibsted Grotesk Variable"'),
})"""


def answer(route: Route, locale: str) -> None:
    path = urlsplit(route.request.url).path
    asset = assets().get(path.removeprefix("/static/"))
    if asset is not None:
        # The page that goes on by itself stays, to be looked at.
        body = b"" if path.endswith("submit.js") else asset.body
        route.fulfill(body=body, content_type=asset.media_type)
    elif path.startswith("/brand/"):
        route.fulfill(body=brand.brand_css(HALDEN.colour or ""), content_type="text/css")
    elif path.startswith("/logo/"):
        route.fulfill(body=PIXEL, content_type="image/svg+xml")
    elif path == "/favicon.ico":
        route.fulfill(status=404)
    else:
        page = PAGES[path.removeprefix("/")]
        policy = csp.policy(csp.form_action_for("https://app.example/cb"))
        headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
        route.fulfill(body=render.render(page, locale, HALDEN), headers=headers)


@pytest.mark.parametrize(
    ("locale", "width", "scheme"),
    [("en", 360, "light"), ("de", 320, "dark"), ("en", 1280, "dark"), ("de", 768, "light")],
)
def test_every_page_can_be_used_by_everyone(chromium: Browser, locale: str, width: int, scheme: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed")
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    context.route("**/*", lambda route: answer(route, locale))
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    axe = AXE.read_text()
    found = {}
    for name, page in PAGES.items():
        said.clear()
        tab.goto(f"{ORIGIN}/{name}")
        tab.evaluate("document.fonts.ready.then(() => null)")
        measured = tab.evaluate(MEASURE)
        complaints = [text for text in said if "favicon" not in text]
        tab.evaluate(axe)
        result = tab.evaluate(
            "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))]))"
        )
        wrong = result + measured["small"] + complaints + ([measured["width"]] if measured["width"] > 0 else [])
        if wrong or not measured["font"]:
            found[name] = wrong or ["the font did not load"]
        assert isinstance(page, views.Page)
    context.close()
    assert found == {}


@pytest.mark.parametrize("scripts", [True, False])
def test_an_answer_goes_on_by_itself_or_by_its_button(chromium: Browser, scripts: bool) -> None:
    posted: list[str | None] = []

    def ours(route: Route) -> None:
        if "submit.js" in route.request.url:
            route.fulfill(body=assets()["submit.js"].body, content_type="text/javascript")
        else:
            answer(route, "en")

    def arrive(route: Route) -> None:
        posted.append(route.request.post_data)
        route.fulfill(body="arrived", content_type="text/plain")

    context = chromium.new_context(java_script_enabled=scripts)
    context.route(f"{ORIGIN}/**", ours)
    context.route("https://tallybook.example/callback", arrive)
    tab = context.new_page()
    tab.goto(f"{ORIGIN}/form-post")
    if not scripts:
        tab.click("button")
    tab.wait_for_url("https://tallybook.example/callback")
    assert posted == ["code=sigid_ac_1&state=a%22b&iss=https%3A%2F%2Fid.example"]
    context.close()
