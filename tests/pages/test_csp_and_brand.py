"""The policy that pages run under, and the one rule that a tenant may write."""

import pytest

from sigid.pages import csp
from sigid.pages.brand import SIGID, Brand, brand_css

ENDS_AT = {
    None: "'self'",
    "https://app.example/cb": "'self' https:",
    "HTTPS://app.example/cb": "'self' https:",
    "http://localhost:3000/cb": "'self' https: http:",
    "http://127.0.0.1:9/cb": "'self' https: http:",
    "http://[::1]:9/cb": "'self' https: http:",
    "com.example.app:/cb": "'self' https: com.example.app:",
    # never registered; if one came here, the form would end nowhere but with us
    "http://app.example/cb": "'self'",
    "http://localhost.evil.example/cb": "'self'",
    "http://[": "'self'",
    "javascript:alert(1)": "'self'",
    "data:text/html,x": "'self'",
    "a b; script-src *:x": "'self'",
    "x'unsafe-inline':y": "'self'",
    "": "'self'",
}


@pytest.mark.parametrize(("redirect_uri", "wanted"), ENDS_AT.items())
def test_where_a_form_may_end(redirect_uri, wanted):
    assert csp.form_action_for(redirect_uri) == wanted


def test_the_policy_to_the_letter():
    assert csp.policy(csp.form_action_for("https://app.example/cb")) == (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' https:"
    )
    assert csp.policy().endswith("; form-action 'self'")
    assert "unsafe" not in csp.policy()


def test_a_brand_is_one_rule():
    assert brand_css("#204EC3") == ":root { --brand: #204ec3 }\n"


@pytest.mark.parametrize(
    "colour",
    [
        "",
        "red",
        "#fff",
        "#2 04ec3",
        "#204ec3 ",
        "#204ec3\n",
        "#204ec3}body{display:none",
        "#20_ec3",
        "#\uff12\uff10\uff14ec3",
    ],
)
def test_a_brand_is_nothing_else(colour):
    with pytest.raises(ValueError, match="#rrggbb"):
        brand_css(colour)


def test_the_stylesheet_changes_its_address_with_its_version():
    brand = Brand(name="A", slug="a/../b", colour="#204ec3", version="2?x")
    assert brand.stylesheet_url == "/brand/a%2F..%2Fb/2%3Fx.css"
    assert Brand(name="A", slug="a").stylesheet_url is None
    assert SIGID.stylesheet_url is None
