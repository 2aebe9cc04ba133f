"""Catalogues say the same things in every language, and the reader's language is chosen."""

import ast
import re
import string
from pathlib import Path

import pytest
from babel import Locale

import sigid.pages
from sigid.accounts.password_rules import Weakness
from sigid.pages.i18n import LANGUAGE_NAMES, LOCALES, Message, catalogue, choose_locale

PAGES = Path(sigid.pages.__file__).parent
FAMILIES = (
    "problem.",
    "notice.",
    "error.",
    "developer.",
    "mail.",
    "verify.resent",
)  # keys that routes and codes put together


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def forms(locale: str, key: str) -> list[str]:
    text = catalogue(locale).texts[key]
    return [text] if isinstance(text, str) else list(text.values())


@pytest.mark.parametrize("locale", LOCALES)
def test_catalogues_have_the_same_texts_with_the_same_placeholders(locale):
    assert catalogue(locale).texts.keys() == catalogue("en").texts.keys()
    for key in catalogue("en").texts:
        wanted = set[str]().union(*(placeholders(form) for form in forms("en", key)))
        assert set[str]().union(*(placeholders(form) for form in forms(locale, key))) == wanted, key
        for form in forms(locale, key):
            assert form == form.strip() != "", key
            assert not re.search(r"[<>]|\{\d*\}|\{[^}]*[.\[!:]", form), key  # no HTML, only plain names in braces


@pytest.mark.parametrize("locale", LOCALES)
def test_numbers_have_every_plural_form_of_the_language(locale):
    plural = Locale(locale).plural_form
    needed = {plural(n) for n in range(200)}
    for key, text in catalogue(locale).texts.items():
        if not isinstance(text, str):
            assert set(text) == needed, key


def test_languages_are_all_named():
    assert set(LANGUAGE_NAMES) == set(LOCALES)


def test_english_speaks_as_the_design_says():
    for key in catalogue("en").texts:
        for form in forms("en", key):
            assert not re.search(r"\b(please|oops|invalid)\b|!|\.\.\.|'", form, re.IGNORECASE), (key, form)


def test_every_text_is_used_and_every_used_text_exists():
    templates = {path: path.read_text() for path in (PAGES / "templates").rglob("*") if path.is_file()}
    used, starts = set(), set()
    for text in templates.values():
        used |= set(re.findall(r't\("([a-z_.]+)"[,)]', text))
        starts |= set(re.findall(r't\("([a-z_.]+)" ~', text))
    for path in PAGES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in catalogue("en").texts:
                used.add(node.value)
    starts |= {"consent.identity_", "consent.scope_"}
    known = set(catalogue("en").texts)
    assert used <= known
    assert all(any(key.startswith(start) for key in known) for start in starts)
    assert {key for key in known - used if not key.startswith((*starts, *FAMILIES))} == set()


def test_every_weakness_of_a_password_can_be_told():
    for weakness in Weakness:
        assert f"problem.new_password.{weakness}" in catalogue("de").texts


def test_a_message_without_a_text_is_a_mistake():
    with pytest.raises(KeyError, match=r"no\.such"):
        Message("no.such.text")


def test_values_are_put_in_once_and_never_evaluated():
    evil = "{tenant.__class__}{0}<b>"
    assert catalogue("en").markup("signin.continue", application=evil) == (
        "to continue to {tenant.__class__}{0}&lt;b&gt;"
    )


CHOICES = {
    "nothing said": (None, None, "en"),
    "ui_locales decides": ("de", "en", "de"),
    "the first that we speak": ("nb sv de en", "en", "de"),
    "a region of it": ("de-CH-1996", None, "de"),
    "case does not matter": ("DE-at", None, "de"),
    "an unknown one leaves it to the browser": ("nb", "de", "de"),
    "the browser's dearest": (None, "en;q=0.5, de;q=0.9", "de"),
    "equal ones in their order": (None, "de, en", "de"),
    "refused by q=0": (None, "de;q=0, en", "en"),
    "any language": (None, "*", "en"),
    "any, but this one dearer": (None, "*;q=0.1, de;q=0.2", "de"),
    "spaces": (None, " de ; q = 0.8 , en ; q=0.1 ", "de"),
    "a weight that is none": (None, "de;q=abc, en;q=0.1", "en"),
    "a weight that is infinite": (None, "de;q=inf, en;q=0.1", "en"),
    "a parameter that is no weight": (None, "de;level=1, en;q=0.1", "en"),
    "separators alone": (" ", ",,;;,", "en"),
    "a path": ("../../de", "../de", "en"),
    "markup": ("<script>", "{{7*7}}", "en"),
    "a superscript digit": (None, "de;q=²", "en"),
    "past the limit of length": ("x" * 2000 + " de", None, "en"),
    "past the limit of number": (" ".join(["nb"] * 50) + " de", None, "en"),
}


@pytest.mark.parametrize(("ui_locales", "accept_language", "locale"), CHOICES.values(), ids=CHOICES)
def test_choosing_a_language(ui_locales, accept_language, locale):
    assert choose_locale(ui_locales, accept_language) == locale
