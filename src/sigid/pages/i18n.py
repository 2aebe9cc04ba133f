"""The words of pages and mails, in each language that we speak.

`catalogues/<locale>.toml` holds one text per key, with `{placeholders}`; a text that depends on a number is a table of
CLDR plural forms, chosen by `count`. Texts hold no HTML: they are escaped, and so are the values put into them.
Languages are named by BCP 47 tags and chosen by `ui_locales` (OpenID Connect Core 3.1.2.1), then `Accept-Language`
(RFC 9110 section 12.5.4).
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from babel import Locale
from markupsafe import Markup, escape

LOCALES: Final = ("en", "de")
DEFAULT_LOCALE: Final = "en"
LANGUAGE_NAMES: Final = {"en": "English", "de": "Deutsch"}  # each in its own language

# Both inputs are a stranger's: what lies beyond is not read.
_LONGEST_INPUT: Final = 1024
_MOST_TAGS: Final = 32

Value = str | int


class Message:
    """A text to be said in the reader's language: a key of the catalogues, and what its placeholders hold."""

    __slots__ = ("key", "values")

    def __init__(self, key: str, **values: Value) -> None:
        catalogue(DEFAULT_LOCALE).check(key)  # a wrong key shows where it was written, not when a page is drawn
        self.key = key
        self.values = values

    def __repr__(self) -> str:
        return f"Message({self.key!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.key, self.values) == (other.key, other.values)

    def __hash__(self) -> int:
        return hash((self.key, tuple(sorted(self.values.items()))))


Text = Message | str  # a str is somebody's own words: shown as they are, in every language


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All texts of one language."""

    locale: str
    texts: Mapping[str, str | Mapping[str, str]]

    def check(self, key: str) -> None:
        """Raises KeyError for a text that does not exist."""
        if key not in self.texts:
            raise KeyError(f"no text {key!r} in the catalogue {self.locale!r}")

    def plain(self, key: str, **values: Value) -> str:
        """The text for a mail."""
        return self._form(key, values).format(**values)

    def markup(self, key: str, **values: Value) -> Markup:
        """The text for a page. Values are escaped, except those that are Markup already (a link, a name in bold)."""
        return escape(self._form(key, values)).format(**values)

    def _form(self, key: str, values: Mapping[str, Value]) -> str:
        self.check(key)
        text = self.texts[key]
        if isinstance(text, str):
            return text
        count = values["count"]
        form = Locale(self.locale).plural_form(int(count))
        return text.get(form, text["other"])


@cache
def catalogue(locale: str) -> Catalogue:
    """The catalogue of one of `LOCALES`."""
    if locale not in LOCALES:
        raise ValueError(f"no catalogue for {locale!r}")
    source = resources.files("sigid.pages").joinpath("catalogues", f"{locale}.toml").read_text("utf-8")
    return Catalogue(locale, dict(_flat(tomllib.loads(source))))


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str | Mapping[str, str]]]:
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict) and not isinstance(value.get("other"), str):
            yield from _flat(value, key + ".")
        elif isinstance(value, (str, dict)):  # a text, or its plural forms
            yield key, value
        else:
            raise TypeError(f"{key} is neither a text nor a table of texts")


def choose_locale(ui_locales: str | None, accept_language: str | None) -> str:
    """The language to speak: what the application asks for, else what the browser prefers, else English."""
    for tag in (ui_locales or "")[:_LONGEST_INPUT].split()[:_MOST_TAGS]:
        if (locale := _spoken(tag)) is not None:
            return locale
    for tag in _preferred(accept_language or ""):
        if (locale := _spoken(tag)) is not None:
            return locale
    return DEFAULT_LOCALE


def _spoken(tag: str) -> str | None:
    """The locale that answers a tag: `de` for `de-CH` too (RFC 4647 section 3.4, lookup)."""
    language = tag.partition("-")[0].lower()
    if language == "*":
        return DEFAULT_LOCALE
    return language if language in LOCALES else None


def _preferred(accept_language: str) -> list[str]:
    """The tags of an `Accept-Language` field, dearest first; those with `q=0` are refused and left out."""
    weighed = []
    for item in accept_language[:_LONGEST_INPUT].split(",", _MOST_TAGS)[:_MOST_TAGS]:
        tag, _, parameter = item.partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            weighed.append((weight, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda entry: -entry[0])]  # stable: equals keep their order


def _weight(parameter: str) -> float:
    """A `q` value (RFC 9110 section 12.4.2): 1 where there is none, 0 where it makes no sense."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    value = value.strip()
    if name.strip().lower() != "q" or not value.replace(".", "", 1).isdigit() or not value.isascii() or len(value) > 5:
        return 0.0
    return min(float(value), 1.0)
