"""Every page, in every language: its hooks, its frame, nothing inline, nothing unescaped."""

import dataclasses
import inspect
import re
from html.parser import HTMLParser

import pytest

from sigid.pages import brand, render, views
from sigid.pages.assets import asset_url, assets
from sigid.pages.i18n import LOCALES, Message
from tests.harness.pages import Element, _Reader
from tests.pages.samples import HALDEN, MIRA, OURS, PAGES, TALLYBOOK

HOOKS = {
    "signin": {"signin-form", "recover-link"},
    "signin-code": {"signin-form"},
    "verify-signup": {"verify-form", "resend-form"},
    "verify-signin": {"verify-form", "resend-form"},
    "signup": {"signup-form"},
    "open-link": {"link-form"},
    "recover": {"recover-form"},
    "recover-sent": {"recover-sent"},
    "reset": {"reset-form"},
    "join": {"join-form"},
    "consent": {"consent-form"},
    "accounts": {"account-chooser"},
    "signout": {"signout-form"},
    "signed-out": {"signed-out"},
    "setup": {"setup-form"},
    "setup-done": {"setup-done"},
    "error": {"error-page", "request-id"},
    "inbox": {"inbox"},
}
FIELDS = {
    "signin": ("signin-form", {"email", "password"}),
    "verify-signin": ("verify-form", {"code"}),
    "signup": ("signup-form", {"name", "email", "password"}),
    "recover": ("recover-form", {"email"}),
    "reset": ("reset-form", {"password", "token"}),
    "setup": ("setup-form", {"email", "name", "password"}),
    "consent": ("consent-form", {"scope"}),
    "join": ("join-form", set()),
}
EVERYWHERE = [(name, locale) for name in PAGES for locale in LOCALES]


def read(html: bytes) -> Element:
    reader = _Reader()
    reader.feed(html.decode())
    return reader.root


def drawn(name: str, locale: str = "en") -> Element:
    return read(render.render(PAGES[name], locale, HALDEN))


def only(found: list[Element]) -> Element:
    assert len(found) == 1, found
    return found[0]


def ids(root: Element) -> set[str]:
    return {e.attributes["id"] for e in root.all(lambda e: "id" in e.attributes)}


def test_every_view_has_a_sample_and_every_template_a_view():
    kinds = {kind for _, kind in inspect.getmembers(views, inspect.isclass) if hasattr(kind, "template")}
    assert kinds == {type(page) for page in PAGES.values()}
    shared = {"hosted.html", "components.html"}
    html = {name for name in render.pages_in("en").list_templates() if name.endswith(".html")}
    assert {kind.template for kind in kinds} | shared == html


@pytest.mark.parametrize(("name", "locale"), EVERYWHERE)
def test_the_frame_of_a_page(name, locale):
    html = render.render(PAGES[name], locale, HALDEN)
    root = read(html)
    assert html.startswith(b"<!doctype html>")
    assert only(root.tagged("html")).attributes["lang"] == locale
    assert only(root.tagged("h1")).text
    assert only(root.tagged("title")).text.endswith(" · Halden")
    assert only(root.tagged("main")).attributes["id"] == "main"
    assert "Halden" in only(root.tagged("body")).text
    first = next(e for e in only(root.tagged("body")).children)
    assert (first.tag, first.attributes["href"]) == ("a", "#main")
    schemes = root.all(lambda e: e.attributes.get("name") == "color-scheme")
    assert only(schemes).attributes["content"] == "light dark"
    labelled = {label.attributes["for"] for label in root.tagged("label")}
    for field in root.tagged("input"):
        assert field.attributes.get("type") == "hidden" or field.attributes["id"] in labelled
    for described in root.all(lambda e: "aria-describedby" in e.attributes):
        assert described.attributes["aria-describedby"] in ids(root)


@pytest.mark.parametrize(("name", "locale"), EVERYWHERE)
def test_nothing_is_inline(name, locale):
    root = read(render.render(PAGES[name], locale, HALDEN))
    assert not root.tagged("style")
    for element in root.all(lambda e: True):
        assert "style" not in element.attributes
        assert not any(attribute.startswith("on") for attribute in element.attributes)
    for script in root.tagged("script"):
        assert script.attributes["src"] == asset_url("submit.js")
        assert not script.children


@pytest.mark.parametrize(("name", "locale"), EVERYWHERE)
def test_what_a_page_loads_is_ours_and_there(name, locale):
    root = read(render.render(PAGES[name], locale, HALDEN))
    loaded = [e.attributes["href"] for e in root.tagged("link")]
    loaded += [e.attributes["src"] for e in root.tagged("img", "script")]
    for url in loaded:
        assert url.startswith(("/static/", "/brand/halden/3.css", "/logo/"))
        if url.startswith("/static/"):
            assert url == asset_url(url.removeprefix("/static/").partition("?")[0])


@pytest.mark.parametrize("name", HOOKS)
def test_hooks(name):
    root = drawn(name)
    found = {e.attributes["data-testid"] for e in root.all(lambda e: "data-testid" in e.attributes)}
    assert found == HOOKS[name]


@pytest.mark.parametrize("name", FIELDS)
def test_fields_of_forms(name):
    hook, wanted = FIELDS[name]
    form = drawn(name).hook(hook)
    assert form is not None
    assert form.tag == "form"
    assert {i.attributes["name"] for i in form.tagged("input") if "name" in i.attributes} == wanted | {
        "csrf",
        "interaction",
        "ui_locales",
    }


@pytest.mark.parametrize(("name", "locale"), EVERYWHERE)
def test_every_form_of_ours_is_posted_with_its_token(name, locale):
    root = read(render.render(PAGES[name], locale, HALDEN))
    forms = [form for form in root.tagged("form") if "data-submit" not in form.attributes]
    assert bool(forms) == isinstance(PAGES[name], views.FormPage)
    for form in forms:
        sent = {i.attributes["name"]: i.attributes.get("value") for i in form.tagged("input") if "name" in i.attributes}
        assert form.attributes["method"] == "post"
        assert form.attributes["action"].startswith("/")
        assert (sent["csrf"], sent["interaction"], sent["ui_locales"]) == ("token-of-the-form", "int_1", locale)


def test_the_first_button_of_a_form_is_the_primary():
    for name in PAGES:
        for form in drawn(name).tagged("form"):
            buttons = form.tagged("button")
            mains = [b for b in buttons if "btn-main" in b.attributes["class"].split()]
            assert not mains or buttons[0] is mains[0], name


def test_a_code_by_mail_is_asked_for_with_the_sign_in_form():
    form = drawn("signin").hook("signin-form")
    assert form is not None
    code = form.all(lambda e: e.attributes.get("name") == "method")
    assert only(code).attributes["value"] == "email_code"
    assert "formnovalidate" in only(code).attributes  # no password is needed for it
    email = form.all(lambda e: e.attributes.get("name") == "email")
    assert only(email).attributes["autocomplete"] == "username webauthn"


@pytest.mark.parametrize("name", ["join", "consent"])
def test_a_decision_has_two_buttons(name):
    buttons = drawn(name).tagged("button")
    assert [(b.attributes["name"], b.attributes["value"]) for b in buttons] == [
        ("decision", "allow"),
        ("decision", "deny"),
    ]


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page.failed])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_failure_is_said_once_and_leads_to_its_field(name, locale):
    page = PAGES[name]
    root = read(render.render(page, locale, HALDEN))
    assert only(root.all(lambda e: e.attributes.get("role") == "alert")).text
    assert only(root.tagged("title")).text.startswith({"en": "Error: ", "de": "Fehler: "}[locale])
    bad = root.all(lambda e: e.attributes.get("aria-invalid") == "true")
    assert {e.attributes["name"] for e in bad} == set(page.errors)
    for field in bad:
        assert field.attributes["aria-describedby"] == f"{field.attributes['name']}-error"
    focused = root.all(lambda e: "autofocus" in e.attributes)
    assert [e.attributes["name"] for e in focused] == ([page.first_bad] if page.first_bad else [])


def test_the_first_bad_field_is_the_first_on_the_page():
    assert PAGES["signup-wrong"].first_bad == "email"


def test_an_error_without_a_field_to_show_it_is_a_mistake():
    with pytest.raises(ValueError, match="passwort"):
        views.SignIn(**OURS, errors={"passwort": Message("problem.wrong_password")})


def test_typed_values_are_kept_but_never_a_password_or_a_code():
    root = drawn("signup-wrong")
    kept = {i.attributes["name"]: i.attributes.get("value") for i in root.tagged("input") if "name" in i.attributes}
    assert (kept["name"], kept["email"], kept["password"]) == ("Mira Okafor", "mira@halden", None)
    for name in PAGES:
        for field in drawn(name).tagged("input"):
            if field.attributes["type"] == "password" or field.attributes.get("name") == "code":
                assert "code" not in PAGES[name].fields or "value" not in field.attributes or name == "form-post"
                assert field.attributes["type"] != "password" or "value" not in field.attributes


def test_error_page_names_code_and_request():
    main = drawn("error").hook("error-page")
    assert main is not None
    assert main.attributes["data-error"] == "redirect_uri_unknown"
    request = main.hook("request-id")
    assert request is not None
    assert request.text == "req_01JDF8K2Q7M3V9XW"


def test_an_unheard_of_code_still_gets_a_page():
    assert "This request can\u2019t go on" in drawn("error-unheard-of").text


def test_consent_draws_one_line_a_grant_and_shows_every_scope():
    page = PAGES["consent-unverified"]
    assert isinstance(page, views.Consent)
    root = drawn("consent-unverified")
    threads = root.all(lambda e: "thread" in e.attributes.get("class", "").split())
    assert len(threads) == len(page.grants) == 4
    for shown in ("Pay an invoice", "See your phone number", "unheard:of", "Your email address", page.host):
        assert shown is not None
        assert shown in root.text
    assert "Your name" not in root.text


def test_threads_stay_within_the_drawing():
    lines = tuple(views.Grant(title=str(n)) for n in range(40))
    page = views.Consent(**OURS, client=TALLYBOOK, person=MIRA, grants=lines, host=None, verified=True)
    assert len(set(page.threads)) == 40
    assert min(page.threads) >= 5
    assert max(page.threads) <= 35
    three = dataclasses.replace(page, grants=lines[:3])
    assert three.threads == (14, 20, 26)


def test_the_other_language_keeps_the_page():
    links = [a for a in drawn("signin").tagged("a") if "hreflang" in a.attributes]
    assert [(a.attributes["hreflang"], a.text, a.attributes["href"]) for a in links] == [
        ("de", "Deutsch", "/signin?interaction=int_1&ui_locales=de")
    ]


def test_a_page_without_an_address_offers_no_other_language():
    assert not [a for a in drawn("setup-done").tagged("a") if "hreflang" in a.attributes]


def test_pages_of_no_tenant_are_sigids():
    html = render.render(PAGES["error"], "en", brand.SIGID).decode()
    assert "/brand/" not in html
    assert "· SigID</title>" in html


HOSTILE = """<script>alert(1)</script>"'&{{ 7*7 }}{0}{x.__class__}%s\u202e"""


class Tags(HTMLParser):
    """The tags and attribute names of a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))


def poisoned(value: object, text: str) -> object:
    """The same view with every word in it replaced."""
    if isinstance(value, str):
        return text
    if isinstance(value, Message):
        return Message(value.key, **{name: v if isinstance(v, int) else text for name, v in value.values.items()})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {"purpose", "here", "redirect_uri"}
        changed = {
            f.name: poisoned(getattr(value, f.name), text) for f in dataclasses.fields(value) if f.name not in kept
        }
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(poisoned(part, text) for part in value)
    if isinstance(value, dict):
        return {name: poisoned(part, text) for name, part in value.items()}
    return value


@pytest.mark.parametrize(("name", "locale"), EVERYWHERE)
def test_hostile_words_stay_words(name, locale):
    hostile, tame = poisoned(PAGES[name], HOSTILE), poisoned(PAGES[name], "tame")
    evil = dataclasses.replace(HALDEN, name=HOSTILE, slug=HOSTILE, version=HOSTILE)
    assert isinstance(hostile, views.Page)
    assert isinstance(tame, views.Page)
    html = render.render(hostile, locale, evil).decode()
    assert Tags(html).shape == Tags(render.render(tame, locale, HALDEN).decode()).shape
    assert "49{0}" not in html  # nothing was evaluated
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//evil.example", "/\\evil.example", "x"]
)
def test_an_address_that_no_link_may_have_is_no_link(url):
    page = views.Consent(
        **OURS, client=TALLYBOOK, person=MIRA, grants=(), host="h", verified=True, policy_uri=url, tos_uri=url
    )
    html = render.render(page, "en", dataclasses.replace(HALDEN, policy_uri=url, tos_uri=url, support_uri=url))
    assert url not in {a.attributes["href"] for a in read(html).tagged("a")}


def test_form_post_delivers_each_parameter_as_it_is():
    page = views.FormPost(
        redirect_uri="com.example.app:/cb", parameters=(("state", HOSTILE), ("code", "c")), application="App"
    )
    form = only(read(render.render(page, "en", HALDEN)).tagged("form"))
    assert form.attributes["action"] == "com.example.app:/cb"
    assert [(i.attributes["name"], i.attributes["value"]) for i in form.tagged("input")] == [
        ("state", HOSTILE),
        ("code", "c"),
    ]
    assert form.tagged("button")


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "file:///x", "/cb", ""]
)
def test_no_form_is_posted_to_a_scheme_that_runs(uri):
    with pytest.raises(ValueError, match="scheme"):
        views.FormPost(redirect_uri=uri, parameters=())


def test_views_do_not_print_their_secrets():
    shown = repr(PAGES["reset"]) + repr(PAGES["form-post"]) + repr(PAGES["inbox"])
    for secret in ("token-of-the-form", "reset-token", "sigid_ac_1", "482913"):
        assert secret not in shown


def test_every_symbol_and_static_file_that_styles_name_is_there():
    named = re.findall(r'url\("([^"]+)"\)', assets()["tokens.css"].body.decode())
    assert named
    assert set(named) <= assets().keys()


@pytest.mark.parametrize(
    ("name", "email", "initials"),
    [
        ("Mira Okafor", "x@y", "MO"),
        ("", "mira.okafor@halden.example", "MO"),
        ("Ærø", "x@y", "ÆR"),
        ("王 小明", "x@y", "王小"),
        ("!!! ???", "x@y", "?"),
        ("", "@", "?"),
    ],
)
def test_initials(name, email, initials):
    assert views.Person(name=name, email=email).initials == initials
