"""From a view to bytes: Jinja2 templates, escaped, strict about what they name, one environment a language.

The code compiled from a template is kept in the process and shared by the languages, so each is compiled once.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree as ET

from babel.dates import format_datetime
from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from sigid.pages.assets import asset_url, assets
from sigid.pages.brand import Brand
from sigid.pages.i18n import LANGUAGE_NAMES, LOCALES, Message, Text, Value, catalogue
from sigid.pages.views import Page

_SVG: Final = "{http://www.w3.org/2000/svg}"
_SAFE_SCHEMES: Final = frozenset({"https", "http", "mailto"})


def render(page: Page, locale: str, brand: Brand) -> bytes:
    """The page as HTML in UTF-8."""
    return pages_in(locale).get_template(page.template).render(page=page, brand=brand).encode()


@cache
def pages_in(locale: str) -> Environment:
    """The environment of pages in one language: everything is escaped."""
    environment = _environment(autoescape=True)
    texts = catalogue(locale)

    def t(key: str, **values: Value) -> Markup:
        return texts.markup(key, **values)

    def say(text: Text, **values: Value) -> str:
        return texts.markup(text.key, **(text.values | values)) if isinstance(text, Message) else text

    def say_code(text: Text) -> str:
        """For developers: what is put in is a name or a value of a protocol, and set so."""
        if isinstance(text, str):
            return Markup('<span lang="en">{}</span>').format(text)
        return texts.markup(text.key, **{name: Markup("<code>{}</code>").format(v) for name, v in text.values.items()})

    environment.globals.update(
        t=t,
        say=say,
        say_code=say_code,
        locale=locale,
        asset_url=asset_url,
        icons=_icons(),
        languages=_other_languages(locale),
    )
    environment.filters.update(href=href, moment=_moment(texts.plain("date.full"), locale))
    return environment


@cache
def mails_in(locale: str) -> Environment:
    """The environment of mails in one language: plain text."""
    environment = _environment(autoescape=False)
    texts = catalogue(locale)
    environment.globals.update(t=texts.plain, locale=locale)
    environment.filters.update(moment=_moment(texts.plain("date.full"), locale))
    return environment


def _environment(*, autoescape: bool) -> Environment:
    return Environment(
        loader=PackageLoader("sigid.pages"),
        autoescape=autoescape,  # noqa: S701  (False for mails of plain text alone)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_compiled,
    )


class _Compiled(BytecodeCache):
    """Compiled templates, in memory: nothing is written where somebody else could change it."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := self._code.get(bucket.key)) is not None:
            bucket.load_bytecode(BytesIO(code))

    def dump_bytecode(self, bucket: Bucket) -> None:
        kept = BytesIO()
        bucket.write_bytecode(kept)
        self._code[bucket.key] = kept.getvalue()


_compiled = _Compiled()


def href(url: str) -> str:
    """An address that a link may have: the web, mail, or a path of ours. Anything else is no link (empty)."""
    if url.startswith("/"):
        return "" if url.startswith(("//", "/\\")) else url
    scheme, colon, _ = url.partition(":")
    return url if colon and scheme.lower() in _SAFE_SCHEMES else ""


def _other_languages(locale: str) -> Callable[[str], list[tuple[str, str, str]]]:
    """For the page at `here`: tag, name and address of each other language."""

    def others(here: str) -> list[tuple[str, str, str]]:
        parts = urlsplit(here)
        kept = [(name, value) for name, value in parse_qsl(parts.query, True) if name != "ui_locales"]
        return [
            (tag, LANGUAGE_NAMES[tag], urlunsplit(parts._replace(query=urlencode([*kept, ("ui_locales", tag)]))))
            for tag in LOCALES
            if tag != locale and here
        ]

    return others


def _moment(pattern: str, locale: str) -> Callable[[datetime], str]:
    return lambda when: f"{format_datetime(when, pattern, locale=locale)} UTC"


@cache
def _icons() -> dict[str, tuple[str, Markup]]:
    """The symbols of the sprite by name: view box and drawing. Pages draw them in place, so that no policy and no
    browser can refuse to load them."""
    sprite = ET.fromstring(assets()["icons.svg"].body)  # noqa: S314  (a file of ours)
    for element in sprite.iter():
        element.tag = element.tag.removeprefix(_SVG)  # HTML knows SVG without its namespace
    return {
        symbol.attrib["id"].removeprefix("i-"): (
            symbol.attrib["viewBox"],
            Markup("".join(ET.tostring(shape, encoding="unicode").strip() for shape in symbol)),  # noqa: S704
        )
        for symbol in sprite.iter("symbol")
    }
