"""What somebody hostile tries on the hosted pages, told in order against a running server, on both databases."""

import httpx
import pytest

from sigid.kernel import throttles
from sigid.kernel.web import with_query
from tests.harness import Person, Server, Tenant, acme
from tests.harness.bootstrap import PASSWORD, Yaml
from tests.harness.person import arrived, shown


def unproved() -> Yaml:
    """Acme, whose Ada never proved her address."""
    document = acme()
    document["users"][0]["email_verified"] = False
    return document


@pytest.mark.parametrize("value", ["²", "٣", "9" * 5000, "-1", "", "0x0", "1e3"])
def test_an_account_that_is_not_in_the_list_is_no_account(tenant: Tenant, person: Person, value: str):
    web = tenant.application("web")
    person.sign_in_to(web, tenant.email, tenant.password)
    _, at = person.authorize(web, prompt="select_account")
    page = shown(at)
    form = page.form("account-chooser")
    answer = page.goes("POST", f"{web.issuer}/accounts", form.fields | {"account": value}, page)
    assert shown(answer).status == 200
    assert shown(answer).has("signin-form")


def test_a_fresh_sign_in_of_one_account_is_none_of_another(server: Server, tenant: Tenant, person: Person):
    """`prompt=login` asks for whoever goes on: signing in as oneself does not open what a neighbour left open."""
    mallory = server.bootstrap(acme())
    web = tenant.application("web")
    person.sign_in_to(web, tenant.email, tenant.password)
    _, at = person.authorize(web, prompt="login")
    at = person.sign_in(at, mallory.email, mallory.password)
    page = shown(person.open(shown(at).url.replace("/join?", "/accounts?")))
    form = page.form("account-chooser")
    place = next(button.attributes["value"] for button in form.buttons if tenant.email in button.text)
    asked_again = form.press("account", place)
    assert shown(asked_again).has("signin-form")


@pytest.mark.parametrize(
    "hostile",
    [
        {"acr_values": "a\0b"},
        {"acr_values": "\ud7ff\uffff\0"},
        {"claims": '{"id_token":{"sub":{"value":"a\\u0000b"}}}'},
        {"claims": '{"id_token":{"acr":{"essential":true,"values":["a\\u0000b"]}}}'},
        {"claims": '{"id_token":{"sub":{"value":"\\ud800"}}}'},
        {"login_hint": "a\0b"},
        {"ui_locales": "a\0b"},
        {"nonce": "a\0b"},
        {"scope": "openid\0"},
        {"resource": "https://a.example/\0"},
        {"code_challenge": "\0" * 43},
        {"id_token_hint": "\0.\0.\0"},
        {"client_id": "app_\0"},
        {"redirect_uri": "http://localhost:3000/callback\0"},
    ],
    ids="-".join,
)
def test_a_zero_byte_in_an_authorization_request_is_no_stumble(tenant: Tenant, person: Person, hostile: dict[str, str]):
    authorization = tenant.application("web").authorization(**hostile)
    answer = person.browser.get(authorization.url)
    assert answer.status_code in (303, 400), answer.text[:200]


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
def test_a_zero_byte_at_a_client_s_endpoint_is_no_stumble(tenant: Tenant, endpoint: str):
    web = tenant.application("web")
    grants = ("authorization_code", "refresh_token", "client_credentials", "\0")
    for grant in grants:
        form = dict.fromkeys(("code", "refresh_token", "token", "token_type_hint", "redirect_uri", "scope"), "a\x00b")
        answer = web.post(f"/oauth/{endpoint}", form | {"grant_type": grant, "code_verifier": "\0" * 43})
        assert answer.status_code in (200, 400), answer.text
    answer = httpx.post(f"{web.issuer}/oauth/{endpoint}", data={"client_id": "\0", "client_secret": "\0"})
    assert answer.status_code in (400, 401), answer.text


@pytest.mark.parametrize("field", ["email", "password", "name", "code", "ui_locales", "method", "interaction", "csrf"])
def test_hostile_text_in_a_form_is_no_stumble(tenant: Tenant, person: Person, field: str):
    web = tenant.application("web")
    for hostile in ("a\0b", "\r\nSet-Cookie: a=b", "\ud7ff\U0010ffff", "x" * 20_000):
        for path, name in (("/signin", "signin-form"), ("/signup", "signup-form"), ("/recover", "recover-form")):
            _, at = person.authorize(web)
            page = shown(at)
            page = shown(person.open(page.url.replace("/signin?", f"{path}?")))
            good = {"email": tenant.email, "password": "no", "name": "No", "code": "000000"}
            form = page.form(name).fields | good | {field: hostile}
            answer = person.browser.post(f"{web.issuer}{path}", data=form, headers={"Origin": web.issuer})
            assert answer.status_code < 500, (path, hostile, answer.text[:200])
            assert "a" not in answer.cookies


def test_proving_an_address_keeps_the_password_that_was_just_shown(server: Server, person: Person):
    tenant = server.bootstrap(unproved())
    web = tenant.application("web")
    _, at = person.authorize(web)
    person.arrive(person.verify(person.sign_in(at, tenant.email, PASSWORD), tenant.email))
    with Person(server) as elsewhere:
        _, at = elsewhere.authorize(web)
        arrived(elsewhere.sign_in(at, tenant.email, PASSWORD))


def test_a_password_shown_for_one_address_keeps_none_of_another(server: Server, person: Person):
    """The pre-hijacker's password of an unproved address falls when the address is proved without it."""
    mine, hers = server.bootstrap(unproved()), server.bootstrap(unproved())
    web = hers.application("web")
    _, at = person.authorize(web)
    signin = shown(at)
    person.sign_in(at, mine.email, PASSWORD)
    asked = signin.form("signin-form").press("method", "email_code", email=hers.email)
    person.verify(asked, hers.email)
    with Person(server) as elsewhere:
        _, at = elsewhere.authorize(web)
        assert shown(elsewhere.sign_in(at, hers.email, PASSWORD)).status == 401


def test_codes_for_an_unproved_address_are_counted_with_the_right_password_too(server: Server, person: Person):
    """Who set the password of an address that is not theirs may not try codes without end, nor flood its owner."""
    tenant = server.bootstrap(unproved())
    _, at = person.authorize(tenant.application("web"))
    statuses = [shown(person.sign_in(at, tenant.email, PASSWORD)).status for _ in range(7)]
    assert 429 in statuses
    assert len(server.inbox(tenant.email)) <= 6


def test_a_code_goes_to_the_stored_mailbox_never_to_the_typed_one(server: Server, tenant: Tenant, person: Person):
    """A mail server may tell `ADA` from `ada`; the account that the code opens is `ada`'s."""
    typed = tenant.email.upper().replace("EXAMPLE.COM", "example.com")
    _, at = person.authorize(tenant.application("web"), prompt="create")
    shown(at).form("signup-form").submit(name="Ada", email=typed, password="totally-unrelated-gravel-99")
    assert server.mail(tenant.email)["code"]
    assert server.inbox(typed) == []


def test_networks_of_ipv4_clients_at_a_socket_of_both_families_are_told_apart():
    assert throttles.network("::ffff:203.0.113.9") == throttles.network("203.0.113.9")
    assert throttles.network("::ffff:203.0.113.9") != throttles.network("::ffff:198.51.100.9")


@pytest.mark.parametrize(
    ("uri", "answer"),
    [
        ("myapp:///cb", "myapp:///cb?code=1"),
        ("https://a.example/cb?x=1", "https://a.example/cb?x=1&code=1"),
        ("https://a.example/cb?", "https://a.example/cb?code=1"),
        ("HTTPS://A.example/cb", "HTTPS://A.example/cb?code=1"),
    ],
)
def test_an_answer_goes_to_the_registered_address_character_by_character(uri: str, answer: str):
    assert with_query(uri, {"code": "1"}) == answer


def test_a_page_of_one_sign_in_posted_with_another_s_is_refused(server: Server, tenant: Tenant, person: Person):
    other = server.bootstrap(acme())
    _, at = person.authorize(tenant.application("web"), prompt="consent")
    consent = shown(person.sign_in(at, tenant.email, tenant.password))
    _, at = person.authorize(other.application("web"))
    join = shown(at)
    assert consent.has("consent-form")
    assert join.has("join-form")
    theirs = join.form("join-form").fields["interaction"]
    for path in ("/consent", "/join", "/accounts", "/verify", "/signin"):
        fields = consent.form("consent-form").fields | {"interaction": theirs, "decision": "allow", "account": "0"}
        crossed = shown(consent.goes("POST", f"{server.issuer}{path}", fields, consent))
        assert crossed.status == 403
        assert server.reason(crossed.response) == "form_token_wrong"


def test_a_sign_in_opens_nothing_in_another_browser(server: Server, tenant: Tenant, person: Person):
    _, at = person.authorize(tenant.application("web"), prompt="consent")
    consent = shown(person.sign_in(at, tenant.email, tenant.password))
    with Person(server) as victim:
        victim.authorize(tenant.application("web"))
        for path in ("/consent", "/join", "/accounts", "/signin", "/verify"):
            opened = victim.page(consent.url.replace("/consent?", f"{path}?"))
            assert opened.status == 400
            assert tenant.email not in opened.text


def test_signing_out_in_another_tab_ends_a_consent_under_way(server: Server, tenant: Tenant, person: Person):
    web = tenant.application("web")
    _, at = person.authorize(web, prompt="consent")
    consent = shown(person.sign_in(at, tenant.email, tenant.password))
    before = dict(person.browser.cookies)
    out = person.page(f"{server.issuer}/oauth/end-session")
    shown(out.form("signout-form").submit())
    assert "sigid_session" not in person.browser.cookies
    form = consent.form("consent-form").fields | {"decision": "allow"}
    answer = httpx.post(f"{server.issuer}/consent", data=form, cookies=before)  # as if the cookie had stayed
    assert answer.headers["Location"].startswith("/signin?")
    assert shown(consent.form("consent-form").press("decision", "allow")).has("signin-form")


def test_a_consent_that_is_sent_again_brings_no_second_code(tenant: Tenant, person: Person):
    _, at = person.authorize(tenant.application("web"), prompt="consent")
    consent = shown(person.sign_in(at, tenant.email, tenant.password))
    arrived(consent.form("consent-form").press("decision", "allow"))
    assert shown(consent.form("consent-form").press("decision", "allow")).status == 400
    assert shown(consent.form("consent-form").press("decision", "deny")).status == 400


@pytest.mark.parametrize("page", ["/consent", "/join", "/accounts", "/verify", "/signup", "/recover"])
def test_no_page_is_reached_past_the_one_that_comes_first(tenant: Tenant, person: Person, page: str):
    _, at = person.authorize(tenant.application("web"), prompt="consent")
    signin = shown(at)
    fields = signin.form("signin-form").fields | {"decision": "allow", "account": "0", "code": "000000"}
    answer = shown(signin.goes("POST", f"{signin.url.partition('/signin')[0]}{page}", fields, signin))
    assert not answer.has("consent-form")
    assert not answer.has("join-form")


@pytest.mark.parametrize("size", [1_000, 20_000, 60_000, 70_000])
def test_an_authorization_request_of_any_size_is_no_stumble(tenant: Tenant, person: Person, size: int):
    issuer = tenant.application("web").issuer
    for filler in ("x", "ß", "\r\n", "\0"):
        answer = person.browser.post(f"{issuer}/oauth/authorize", data={"state": filler * (size // len(filler) // 6)})
        assert answer.status_code in (303, 413)
        if answer.status_code == 303 and len(answer.headers["Location"]) < 60_000:
            assert person.browser.get(f"{issuer}{answer.headers['Location']}").status_code in (400, 414, 431)


@pytest.mark.parametrize(
    "cookie",
    [
        "sigid_session=....",
        "sigid_session=" + "a." * 3000,
        "sigid_session=sigid_ss_" + "0" * 26 + "A" * 43,
        "sigid_session=a; sigid_session=b",
        "sigid_browser=" + "é" * 52,
        "sigid_browser=sigid_bb_" + "é" * 43,
        'sigid_device=\\"; ;;=; =x; sigid_reset=%00',
        "sigid_session=\u00b2\u00b3",
    ],
)
@pytest.mark.parametrize("path", ["/signin", "/accounts", "/reset", "/setup", "/oauth/end-session"])
def test_a_hostile_cookie_is_no_stumble(server: Server, cookie: str, path: str):
    answer = httpx.get(f"{server.issuer}{path}", headers={b"Cookie": cookie.encode("latin-1")})
    assert answer.status_code in (200, 303, 400), answer.text[:200]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_s_id_token_signs_nobody_out(server: Server, tenant: Tenant, person: Person, method: str):
    web = tenant.application("web")
    with Person(server) as mallory:
        other = server.bootstrap(acme())
        hint = web.redeem(*mallory.sign_in_to(web, other.email, other.password)).json()["id_token"]
    person.sign_in_to(web, tenant.email, tenant.password)
    sent = {"id_token_hint": hint}
    url = f"{server.issuer}/oauth/end-session"
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}, {}):
        if method == "GET":
            answer = person.browser.get(url, params=sent, headers=headers)
        else:
            answer = person.browser.post(url, data=sent, headers=headers)
        assert answer.status_code in (200, 303)
        assert "set-cookie" not in answer.headers
    _, at = person.authorize(web, prompt="none")
    assert "code" in arrived(at).parameters


@pytest.mark.parametrize("prompts", ["login", "select_account", "consent", "create", "login consent select_account"])
def test_a_prompt_is_never_skipped_by_a_live_session(tenant: Tenant, person: Person, prompts: str):
    web = tenant.application("web")
    person.sign_in_to(web, tenant.email, tenant.password)
    _, at = person.authorize(web, prompt=prompts)
    page = shown(at)
    assert page.status == 200
    for path in ("/signin", "/accounts", "/consent", "/join", "/signup"):
        again = person.open(page.url.replace(page.url.partition("?")[0], f"{web.issuer}{path}"))
        assert shown(again).status == 200


def test_an_old_session_does_not_meet_max_age_behind_another_s_sign_in(server: Server, tenant: Tenant, person: Person):
    mallory = server.bootstrap(acme())
    web = tenant.application("web")
    person.sign_in_to(web, tenant.email, tenant.password)
    server.advance(600)
    _, at = person.authorize(web, max_age="60")
    page = shown(person.sign_in(at, mallory.email, mallory.password))
    chooser = shown(person.open(page.url.replace("/join?", "/accounts?"))).form("account-chooser")
    place = next(button.attributes["value"] for button in chooser.buttons if tenant.email in button.text)
    assert shown(chooser.press("account", place)).has("signin-form")


def test_a_hint_of_somebody_else_is_never_answered_with_who_is_there(server: Server, tenant: Tenant, person: Person):
    web = tenant.application("web")
    other = server.bootstrap(acme())
    with Person(server) as bob:
        hint = web.redeem(*bob.sign_in_to(web, other.email, other.password)).json()["id_token"]
    person.sign_in_to(web, tenant.email, tenant.password)
    _, at = person.authorize(web, prompt="none", id_token_hint=hint)
    assert arrived(at).error == "login_required"
    _, at = person.authorize(web, id_token_hint=hint)
    assert shown(at).has("signin-form")
    assert shown(person.sign_in(at, tenant.email, tenant.password)).has("signin-form")


def test_an_address_that_a_client_gave_up_gets_no_answer_of_a_sign_in_under_way(
    server: Server, tenant: Tenant, person: Person
):
    headers = {"Authorization": f"Bearer {tenant.initial_access_token}"}
    taken, kept = "https://taken-over.example/cb", "https://kept.example/cb"
    metadata = {"redirect_uris": [taken, kept], "client_name": "Careful"}
    made = httpx.post(f"{server.issuer}/oauth/register", json=metadata, headers=headers).json()
    web = tenant.application("web")
    _, at = person.authorize(web, client_id=made["client_id"], redirect_uri=taken)
    consent = shown(person.sign_in(at, tenant.email, tenant.password))
    assert consent.has("consent-form")
    headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
    body = metadata | {"client_id": made["client_id"], "redirect_uris": [kept]}
    changed = httpx.put(made["registration_client_uri"], json=body, headers=headers)
    assert changed.status_code == 200, changed.text
    for decision in ("allow", "deny"):
        refused = shown(consent.form("consent-form").press("decision", decision))
        assert refused.status == 400
        assert server.reason(refused.response) == "redirect_uri_not_registered"
