"""What an e-mail address is, and when two are one."""

import hashlib
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigid.kernel.email_addresses import MAX_LENGTH, EmailAddress, EmailMalformed

ADDRESSES = {
    "ada@example.com": ("ada@example.com", "ada@example.com", "ada@example.com"),
    "Ada.Lovelace+sigid@Example.COM": (
        "Ada.Lovelace+sigid@example.com", "ada.lovelace+sigid@example.com", "Ada.Lovelace+sigid@example.com",
    ),
    " ada@example.com ": ("ada@example.com", "ada@example.com", "ada@example.com"),
    "ada@BÜCHER.example": ("ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
    "ada@xn--bcher-kva.example": ("ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
    "ada@straße.example": ("ada@straße.example", "ada@xn--strae-oqa.example", "ada@xn--strae-oqa.example"),
    "JÜRGEN@example.com": ("JÜRGEN@example.com", "jürgen@example.com", "JÜRGEN@example.com"),
    "Ju\u0308rgen@example.com": ("Jürgen@example.com", "jürgen@example.com", "Jürgen@example.com"),
    "用户@例子.广告": ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v", "用户@xn--fsqu00a.xn--4rr70v"),
    "o'brien@example.com": ("o'brien@example.com", "o'brien@example.com", "o'brien@example.com"),
    "ada@corp.local": ("ada@corp.local", "ada@corp.local", "ada@corp.local"),
    "ada@acme.test": ("ada@acme.test", "ada@acme.test", "ada@acme.test"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "forms"), ADDRESSES.items(), ids=ascii)
def test_an_address_and_its_forms(text: str, forms: tuple[str, str, str]):
    address = EmailAddress.parse(text)
    assert (address.display, address.lookup, address.mailbox) == forms
    assert address.key == hashlib.sha256(forms[1].encode()).digest()
    for form in forms:
        assert EmailAddress.parse(form) == address


REFUSED = {
    "nothing": "",
    "no at sign": "ada",
    "no local part": "@example.com",
    "no domain": "ada@",
    "two at signs": "ada@example.com@example.com",
    "one label": "ada@localhost",
    "a quoted local part": '"ada"@example.com',
    "a quoted at sign": '"ada@x"@example.com',
    "a name": "Ada <ada@example.com>",
    "angle brackets": "<ada@example.com>",
    "a comment": "ada(x)@example.com",
    "a list": "ada@example.com,eve@example.com",
    "a blank inside": "ada lovelace@example.com",
    "an address of numbers": "ada@127.0.0.1",
    "an address in brackets": "ada@[127.0.0.1]",
    "a dot in front": ".ada@example.com",
    "two dots": "ada..l@example.com",
    "a dot at the end of the domain": "ada@example.com.",
    "two dots in the domain": "ada@example..com",
    "a hyphen in front": "ada@-example.com",
    "an underscore in the domain": "ada@ex_ample.com",
    "line break": "ada@example.com\r\nBcc: eve@example.com",
    "line feed": "ada@example.com\n",
    "tab": "ada\t@example.com",
    "NUL": "ada\0@example.com",
    "escape": "ada\x1b@example.com",
    "delete": "ada\x7f@example.com",
    "next line": "ada\x85@example.com",
    "a no-break space": "ada\xa0@example.com",
    "a soft hyphen": "a\xadda@example.com",
    "a zero-width space": "ad\u200ba@example.com",
    "text turned round": "ada\u202e@example.com",
    "a line separator": "ada\u2028@example.com",
    "half a surrogate": "ada\ud800@example.com",
    "a combining mark in front": "\u0301ada@example.com",
    "a full-width at sign": "ada\uff20example.com",
    "broken punycode": "ada@xn--\u00fc.example",
    "a domain that is none": "ada@xn--a.example",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_refused(text: str):
    with pytest.raises(EmailMalformed) as error:
        EmailAddress.parse(text)
    assert error.value.reason == "email_malformed"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 65 + "@example.com",
        "a@" + ".".join(["b" * 60] * 5) + ".com",
        "a" * 1_000_000 + "@example.com",
        "用" * 60 + "@" + ".".join(["b" * 30] * 4) + ".com",
    ],
)
def test_an_address_ends_somewhere(text: str):
    with pytest.raises(EmailMalformed):
        EmailAddress.parse(text)


def test_the_longest_address():
    text = "a" * 64 + "@" + ".".join(["b" * 45] * 4) + ".ccccc"
    assert len(text) <= MAX_LENGTH
    EmailAddress.parse(text)


def test_the_installations_own_sender_may_be_on_a_host_without_a_dot():
    assert EmailAddress.parse("no-reply@localhost", dotless=True).mailbox == "no-reply@localhost"


def test_equal_is_what_is_looked_up():
    assert EmailAddress.parse("ADA@example.com") == EmailAddress.parse("ada@EXAMPLE.com")
    assert len({EmailAddress.parse("ADA@example.com"), EmailAddress.parse("ada@EXAMPLE.com")}) == 1
    assert EmailAddress.parse("ada@example.com") != EmailAddress.parse("eve@example.com")
    assert EmailAddress.parse("ada@example.com") != "ada@example.com"
    assert "ada" not in repr(EmailAddress.parse("ada@example.com"))


def test_no_letter_beyond_ascii_is_folded_onto_one_of_ascii():
    """Else whoever owns an address with a long s could ask for the password of its neighbour with a short one."""
    for number in range(0x80, sys.maxunicode + 1):
        letter = unicodedata.normalize("NFC", chr(number)) if not 0xD800 <= number <= 0xDFFF else ""
        assert not letter.lower().isascii() or letter.isascii()


@pytest.mark.parametrize(("one", "other"), [("straße", "strasse"), ("\u017fara", "sara"), ("m\u0131ke", "mike")])
def test_letters_that_look_alike_are_two_addresses(one: str, other: str):
    assert EmailAddress.parse(f"{one}@example.com") != EmailAddress.parse(f"{other}@example.com")


@given(st.emails() | st.text(max_size=40).map(lambda text: f"{text}@example.com"))
def test_the_forms_of_any_address_lead_to_it(text: str):
    try:
        address = EmailAddress.parse(text)
    except EmailMalformed:
        return
    assert EmailAddress.parse(address.lookup) == EmailAddress.parse(address.mailbox) == address
    assert address.lookup == EmailAddress.parse(address.lookup).lookup
    assert all(unicodedata.category(character) != "Cc" for character in address.display)
