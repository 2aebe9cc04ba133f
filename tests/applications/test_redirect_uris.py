"""Which redirect URIs may be registered, and what an origin is."""

import contextlib
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigid.applications import InvalidMetadata, InvalidRedirectUri
from sigid.applications.redirect_uris import check, check_origins, origin_of

REFUSED = {
    "RED-12 javascript": ("javascript:alert(1)", "redirect_uri_scheme"),
    "RED-12 JavaScript": ("JavaScript:alert(1)", "redirect_uri_scheme"),
    "RED-12 data": ("data:text/html,x", "redirect_uri_scheme"),
    "RED-12 vbscript": ("vbscript:x", "redirect_uri_scheme"),
    "RED-12 file": ("file:///etc/passwd", "redirect_uri_scheme"),
    "RED-12 blob": ("blob:https://a.example/x", "redirect_uri_scheme"),
    "RED-12 intent": ("intent://a.example/#Intent", "redirect_uri_fragment"),
    "RED-12 ms-": ("ms-settings:x", "redirect_uri_scheme"),
    "RED-13 fragment": ("https://a.example/cb#x", "redirect_uri_fragment"),
    "RED-13 empty fragment": ("https://a.example/cb#", "redirect_uri_fragment"),
    "RED-13 wildcard host": ("https://*.a.example/cb", "redirect_uri_wildcard"),
    "RED-13 wildcard after the host": ("https://a.example*", "redirect_uri_wildcard"),
    "RED-13 wildcard path": ("https://a.example/*", "redirect_uri_wildcard"),
    "RED-13 user information": ("https://a@a.example/cb", "redirect_uri_user_information"),
    "RED-13 password": ("https://a:b@a.example/cb", "redirect_uri_user_information"),
    "RED-13 user information of a scheme": ("com.example.app://a@b/cb", "redirect_uri_user_information"),
    "RED-13 no host": ("https:///cb", "redirect_uri_without_host"),
    "RED-13 only a port": ("https://:443/cb", "redirect_uri_without_host"),
    "RED-13 no authority": ("https:cb", "redirect_uri_without_host"),
    "an empty port": ("https://a.example:/cb", "redirect_uri_without_host"),
    "RED-14 http": ("http://a.example/cb", "redirect_uri_http"),
    "RED-14 http to a look-alike": ("http://localhost.evil.example/cb", "redirect_uri_http"),
    "RED-14 http to an address": ("http://192.168.0.1/cb", "redirect_uri_http"),
    "relative": ("/cb", "redirect_uri_relative"),
    "network path": ("//a.example/cb", "redirect_uri_relative"),
    "backslash": ("https://a.example\\@evil.example/cb", "redirect_uri_malformed"),
    "blank": ("https://a.example/c b", "redirect_uri_malformed"),
    "line break": ("https://a.example/cb\r\nx", "redirect_uri_malformed"),
    "broken escape": ("https://a.example/%zz", "redirect_uri_malformed"),
    "no ASCII": ("https://ä.example/cb", "redirect_uri_malformed"),
    "a port of letters": ("https://a.example:x/cb", "redirect_uri_malformed"),
    "a port too high": ("https://a.example:70000/cb", "redirect_uri_malformed"),
    "a broken address": ("https://[::1/cb", "redirect_uri_malformed"),
    "dot segments": ("https://a.example/x/../cb", "redirect_uri_dot_segment"),
    "encoded dot segments": ("https://a.example/x/%2e%2e/cb", "redirect_uri_dot_segment"),
    "empty": ("", "redirect_uri_malformed"),
    "too long": ("https://a.example/" + "a" * 2000, "redirect_uri_malformed"),
}


@pytest.mark.parametrize(("uri", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("kind", ["web", "spa", "native", "service"])
def test_refused(uri: str, reason: str, kind: str) -> None:
    with pytest.raises(InvalidRedirectUri) as refused:
        check(["https://good.example/cb", uri], kind)
    assert (refused.value.code, refused.value.reason) == ("invalid_redirect_uri", reason)
    assert refused.value.pointer == "/redirect_uris/1"


@pytest.mark.parametrize(
    "uri",
    ["https://a.example", "https://a.example/cb?x=1&y=%20", "https://A.example:8443/cb", "http://localhost:3000/cb",
     "http://127.0.0.1/cb", "http://[::1]:8080/cb", "https://[2001:db8::1]/cb", "https://192.0.2.1/cb"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["web", "spa", "native"])
def test_accepted(uri: str, kind: str) -> None:
    check([uri], kind)


@pytest.mark.parametrize("uri", ["com.example.app:/cb", "com.example.app://cb", "myapp://callback"])
def test_only_a_native_application_has_a_scheme_of_its_own(uri: str) -> None:
    check([uri], "native")
    for kind in ("web", "spa", "service"):
        with pytest.raises(InvalidRedirectUri, match="redirect_uri_custom_scheme"):
            check([uri], kind)


def test_there_are_a_hundred_at_most_and_none_twice() -> None:
    uris = [f"https://a.example/{number}" for number in range(101)]
    check(uris[:100], "web")
    with pytest.raises(InvalidRedirectUri, match="too_many_redirect_uris"):
        check(uris, "web")
    with pytest.raises(InvalidRedirectUri, match="redirect_uri_twice"):
        check(uris[:1] * 2, "web")


@given(st.text(max_size=40), st.sampled_from(["", "https://a.example", "http://localhost", "https://", "app:"]))
def test_judging_never_stumbles_and_lets_no_other_host_in(tail: str, head: str) -> None:
    uri = head + tail
    with contextlib.suppress(InvalidRedirectUri):
        check([uri], "web")
        parts = urlsplit(uri)
        assert parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")
        assert "@" not in parts.netloc
        assert "#" not in uri


@pytest.mark.parametrize("origin", ["https://a.example", "https://a.example:8443", "http://localhost:3000"])
def test_an_origin(origin: str) -> None:
    check_origins([origin])
    assert origin_of(origin + "/path?x=1") == origin


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "https://a.example/", "https://A.example", "https://a.example:443", "http://a.example", "a.example",
     "https://a@a.example", "https://*.a.example", "com.example:", "", "https://a.example#"],
)  # fmt: skip
def test_no_origin(origin: str) -> None:
    with pytest.raises(InvalidMetadata, match="origin_malformed"):
        check_origins([origin])


def test_the_origin_of_a_redirect_uri() -> None:
    assert origin_of("HTTPS://A.example:443/cb") == "https://a.example"
    assert origin_of("http://[::1]:80/cb") == "http://[::1]"
    assert origin_of("com.example.app:/cb") is None
