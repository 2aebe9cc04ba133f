"""Clients that register themselves (RFC 7591) and manage what they registered (RFC 7592), through a real server."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import MakeServer
from tests.harness import Application, Server, Tenant, acme
from tests.harness.bootstrap import AUDIENCE
from tests.kernel.servers import Authority

CALLBACK = "https://app.example/callback"
KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "kid": "one",
}  # RFC 7515 appendix A.3.1
REGISTRATION = pytest.mark.promise("3.5.registration")
MANAGEMENT = pytest.mark.promise("3.5.registration-management")


@dataclass
class Registrar:
    """Whoever holds an initial access token of a tenant."""

    server: Server
    tenant: Tenant
    token: str

    def post(self, body: Any = None, token: str | None = None, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body or {"redirect_uris": [CALLBACK]}).encode()
        sent = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(f"{self.server.issuer}/oauth/register", content=content, headers=sent | named, timeout=60)

    def made(self, **metadata: Any) -> dict[str, Any]:
        answer = self.post({"redirect_uris": [CALLBACK]} | metadata)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def refusal(self, status: int = 400, error: str = "invalid_client_metadata", **metadata: Any) -> str:
        """The private reason why this is not registered; nothing is made and nothing spent (see `untouched`)."""
        return refused(self.server, self.post({"redirect_uris": [CALLBACK]} | metadata), status, error)


def refused(server: Server, answer: httpx.Response, status: int, error: str) -> str:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.json()["error_description"]
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert status != 401 or answer.headers["WWW-Authenticate"].startswith("Bearer")
    return server.reason(answer)


def manage(
    method: str, client: dict[str, Any], body: dict[str, Any] | None = None, *, token: str | None = None, **headers: str
) -> httpx.Response:
    sent = {"Authorization": f"Bearer {token or client['registration_access_token']}"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = client["registration_client_uri"]
    return httpx.request(method, url, json=body, headers=sent | named, timeout=60)


def as_application(server: Server, client: dict[str, Any]) -> Application:
    return Application(
        issuer=server.issuer,
        id=client["client_id"],
        client_id=client["client_id"],
        client_secret=client.get("client_secret"),
        redirect_uri=client.get("redirect_uris", [""])[0],
        method=client["token_endpoint_auth_method"],
    )


@pytest.fixture
def registrar(server: Server, tenant: Tenant) -> Registrar:
    return Registrar(server, tenant, tenant.initial_access_token)


@pytest.fixture
def single_use(server: Server, registrar: Registrar) -> str:
    return server.command("initial-access-token", "--tenant", registrar.tenant.slug).strip()


# What a client is told


@REGISTRATION
def test_a_client_is_told_what_it_became(server, registrar):
    sent = {
        "redirect_uris": [CALLBACK, "http://localhost:3000/callback"],
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "client_name": "Fern & Bloom",
        "client_name#de": "Farn & Blüte",
        "client_uri": "https://app.example/",
        "logo_uri": "https://app.example/logo.png",
        "policy_uri": "https://app.example/privacy",
        "tos_uri": "https://app.example/terms",
        "jwks_uri": "https://app.example/jwks.json",
        "initiate_login_uri": "https://app.example/login",
        "contacts": ["ops@app.example"],
        "software_id": "fern",
        "software_version": "1.2",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "RS256",
        "default_max_age": 3600,
        "require_auth_time": True,
        "subject_type": "pairwise",
        "application_type": "web",
        "origins": ["https://app.example"],
        "scope": "openid email projects:read",
    }
    answer = registrar.post(sent)
    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert {name: told[name] for name in sent} == sent
    assert told["tenant"] == {"id": registrar.tenant.id, "slug": registrar.tenant.slug}
    assert told["client_secret"].startswith("sigid_cs_")
    assert told["client_secret_expires_at"] == 0
    assert isinstance(told["client_id_issued_at"], int)
    assert told["registration_access_token"].startswith("sigid_rat_")
    assert told["registration_client_uri"] == f"{server.issuer}/oauth/register/{told['client_id']}"


@REGISTRATION
def test_a_secret_is_told_only_where_one_is_needed(registrar):
    public = registrar.made(token_endpoint_auth_method="none")
    keyed = registrar.made(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY]})
    for told in (public, keyed):
        assert "client_secret" not in told
        assert "client_secret_expires_at" not in told
    assert keyed["jwks"] == {"keys": [KEY]}


@REGISTRATION
def test_a_registered_service_gets_a_token_and_the_right_tenant(server, registrar):
    told = registrar.made(redirect_uris=[], grant_types=["client_credentials"], scope="projects:read")
    assert (told["type"], told["response_types"]) == ("service", [])
    answer = as_application(server, told).client_credentials(resource=AUDIENCE)
    assert answer.status_code == 200, answer.text
    payload = answer.json()["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["tenant_id"], claims["sub"]) == (registrar.tenant.id, told["client_id"])
    assert (claims["aud"], claims["scope"]) == (AUDIENCE, "projects:read")


@REGISTRATION
@pytest.mark.parametrize(
    ("sent", "type_", "method"),
    [
        ({}, "web", "client_secret_basic"),
        ({"application_type": "web"}, "web", "client_secret_basic"),
        ({"token_endpoint_auth_method": "none"}, "spa", "none"),
        ({"application_type": "native", "redirect_uris": ["com.example.app:/callback"]}, "native", "none"),
        ({"type": "spa"}, "spa", "none"),
    ],
)
def test_the_type_follows_from_what_is_said(registrar, sent, type_, method):
    told = registrar.made(**sent)
    assert (told["type"], told["token_endpoint_auth_method"]) == (type_, method)
    assert told["response_types"] == ["code"]


@REGISTRATION
def test_a_person_signs_in_to_a_registered_client_and_is_asked(server, registrar, person):
    told = registrar.made(scope="openid email", consent="implicit", client_name="Fern")
    application = as_application(server, told)
    authorization, at = person.authorize(application, scope="openid email")
    page = person.sign_in(at, registrar.tenant.email, registrar.tenant.password)
    assert page.form("consent-form") is not None  # `consent: implicit` was not the client's to say
    arrival = person.arrive(person.consent(page))
    assert application.redeem(authorization, arrival).status_code == 200


@REGISTRATION
def test_the_tenant_may_be_said_and_must_be_the_tokens(server, registrar):
    assert registrar.made(tenant=registrar.tenant.slug)["tenant"]["slug"] == registrar.tenant.slug
    other = server.bootstrap(acme())
    assert registrar.refusal(tenant=other.slug) == "registration_for_another_tenant"


# The initial access token (RFC 7591 section 3)


@REGISTRATION
def test_dcr_01_without_a_good_token_nobody_registers(server, registrar, single_use):
    url, body = f"{server.issuer}/oauth/register", {"redirect_uris": [CALLBACK]}
    assert refused(server, httpx.post(url, json=body), 401, "invalid_token") == "token_missing"
    for text, reason in {
        "nonsense": "initial_access_malformed",
        single_use[:-1] + ("0" if single_use[-1] != "0" else "1"): "initial_access_malformed",
        registrar.made()["registration_access_token"]: "initial_access_malformed",
    }.items():
        assert refused(server, registrar.post(token=text), 401, "invalid_token") == reason
    assert registrar.post(token=single_use).status_code == 201
    assert refused(server, registrar.post(token=single_use), 401, "invalid_token") == "initial_access_spent"


@REGISTRATION
def test_dcr_01_a_token_lapses(server, registrar, single_use):
    server.advance(24 * 3600 + 1)
    assert refused(server, registrar.post(token=single_use), 401, "invalid_token") == "initial_access_expired"


@REGISTRATION
def test_dcr_01_the_token_chooses_the_tenant_whoever_asks(server, registrar):
    other = server.bootstrap(acme())
    told = registrar.post(token=other.initial_access_token).json()
    assert told["tenant"]["id"] == other.id


@REGISTRATION
def test_dcr_01_a_token_stands_in_the_header_alone_and_once(server, registrar):
    url, body = f"{server.issuer}/oauth/register", {"redirect_uris": [CALLBACK]}
    in_query = httpx.post(url, json=body, params={"access_token": registrar.token})
    assert refused(server, in_query, 400, "invalid_request") == "token_in_query"
    twice = httpx.post(url, json=body, headers=[("Authorization", f"Bearer {registrar.token}")] * 2)
    assert refused(server, twice, 400, "invalid_request") == "authorization_repeated"
    basic = httpx.post(url, json=body, auth=("a", registrar.token))
    assert refused(server, basic, 401, "invalid_token") == "token_not_bearer"


@REGISTRATION
def test_a_refused_registration_spends_nothing(registrar, single_use):
    for bad in ({"redirect_uris": ["http://app.example/cb"]}, {"redirect_uris": [CALLBACK], "subject_type": "public"}):
        assert registrar.post(bad, token=single_use).status_code == 400
    assert registrar.post(token=single_use).status_code == 201


def at_once(count: int, ask: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    ready = threading.Barrier(count)

    def one(place: int) -> httpx.Response:
        ready.wait()
        return ask(place)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@REGISTRATION
def test_dcr_02_fifty_at_once_make_one_client_of_a_single_use_token(registrar, single_use):
    answers = at_once(50, lambda _: registrar.post(token=single_use))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 401: 49}


@REGISTRATION
def test_idm_03_fifty_at_once_with_one_key_learn_the_same_answer(registrar, single_use):
    answers = at_once(50, lambda _: registrar.post(token=single_use, Idempotency_Key="k"))
    first = [answer for answer in answers if "Idempotent-Replayed" not in answer.headers and answer.status_code == 201]
    assert len(first) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.headers["Retry-After"]
        else:
            assert (answer.status_code, answer.content) == (201, first[0].content)


# Idempotency


@REGISTRATION
def test_dcr_02_a_retry_is_told_the_first_answer_though_the_token_is_spent(registrar, single_use):
    first = registrar.post(token=single_use, Idempotency_Key="one")
    again = registrar.post(token=single_use, Idempotency_Key="one")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]


@REGISTRATION
def test_idm_01_a_key_with_another_body_is_refused_before_the_body_is_judged(server, registrar):
    registrar.post(Idempotency_Key="one")
    for other in ({"redirect_uris": ["https://other.example/cb"]}, b"not even JSON"):
        answer = registrar.post(other, Idempotency_Key="one")
        assert refused(server, answer, 422, "invalid_request") == "idempotency_key_reused"
        assert answer.json()["code"] == "idempotency_key_reused"


@REGISTRATION
def test_idm_02_a_key_is_its_tokens_own(server, registrar):
    first = registrar.post(Idempotency_Key="one").json()
    same_tenant = server.command("initial-access-token", "--tenant", registrar.tenant.slug).strip()
    for token in (same_tenant, server.bootstrap(acme()).initial_access_token):
        answer = registrar.post(token=token, Idempotency_Key="one")
        assert answer.status_code == 201
        assert answer.json()["client_id"] != first["client_id"]


@REGISTRATION
def test_a_key_is_its_bytes(registrar):
    plain = registrar.post(Idempotency_Key="x").json()
    quoted = registrar.post(Idempotency_Key='"x"').json()
    assert plain["client_id"] != quoted["client_id"]


@REGISTRATION
@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"])
def test_idm_05_a_key_has_its_bounds(server, registrar, key):
    answer = registrar.post(Idempotency_Key=key)
    assert refused(server, answer, 400, "invalid_request") == "idempotency_key_malformed"


@REGISTRATION
def test_idm_04_the_answer_survives_a_kill(make_server):
    server = make_server().start()
    tenant = server.bootstrap(acme())
    token = server.command("initial-access-token", "--tenant", tenant.slug).strip()
    registrar = Registrar(server, tenant, token)
    first = registrar.post(Idempotency_Key="one")
    server.kill9()
    server.start()
    again = registrar.post(Idempotency_Key="one")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"


# Bodies


@REGISTRATION
def test_the_body_is_one_strict_json_object(server, registrar):
    for body in (b"", b"[]", b'"x"', b"{", b'{"redirect_uris": [], "redirect_uris": []}', b'{"a": NaN}', b"\xff"):
        assert refused(server, registrar.post(body), 400, "invalid_client_metadata") == "registration_not_json", body
    deep = b'{"jwks":' + b"[" * 200 + b"]" * 200 + b"}"
    assert refused(server, registrar.post(deep), 400, "invalid_client_metadata") == "registration_not_json"
    large = registrar.post(b'{"client_name": "' + b"a" * 64 * 1024 + b'"}')
    assert refused(server, large, 413, "request_too_large") == "body_too_large"
    form = registrar.post(b"redirect_uris=x", Content_Type="application/x-www-form-urlencoded")
    assert refused(server, form, 415, "invalid_request") == "registration_not_json"


WRONG_TYPES = (
    {"client_name": 1}, {"redirect_uris": CALLBACK}, {"redirect_uris": [1]}, {"grant_types": "authorization_code"},
    {"jwks": []}, {"default_max_age": "1"}, {"default_max_age": True}, {"require_auth_time": "true"},
    {"scope": ["openid"]}, {"contacts": {}}, {"origins": "https://app.example"}, {"tos_uri": ["x"]},
)  # fmt: skip


@REGISTRATION
def test_members_are_of_their_types(registrar):
    for metadata in WRONG_TYPES:
        assert registrar.refusal(**metadata) == "member_malformed", metadata


# What is refused


REDIRECT_URIS = (
    ("javascript:alert(1)", "redirect_uri_scheme"),
    ("data:text/html,x", "redirect_uri_scheme"),
    ("vbscript:x", "redirect_uri_scheme"),
    ("file:///etc/passwd", "redirect_uri_scheme"),
    ("blob:https://app.example/x", "redirect_uri_scheme"),
    ("https://app.example/cb#here", "redirect_uri_fragment"),
    ("https://*.app.example/cb", "redirect_uri_wildcard"),
    ("https://app.example*", "redirect_uri_wildcard"),
    ("https://user@app.example/cb", "redirect_uri_user_information"),
    ("https:///cb", "redirect_uri_without_host"),
    ("http://app.example/cb", "redirect_uri_http"),
    ("com.example.app:/cb", "redirect_uri_custom_scheme"),
    ("/cb", "redirect_uri_relative"),
)  # fmt: skip


@REGISTRATION
def test_red_12_13_14_redirect_uris_that_nobody_registers(registrar):
    for uri, reason in REDIRECT_URIS:
        for uris in ([uri], [CALLBACK, uri]):
            assert registrar.refusal(error="invalid_redirect_uri", redirect_uris=uris) == reason, uri


@REGISTRATION
def test_redirect_uris_are_needed_and_counted(registrar):
    assert registrar.refusal(error="invalid_redirect_uri", redirect_uris=[]) == "redirect_uri_missing"
    hundred = [f"{CALLBACK}/{place}" for place in range(100)]
    assert registrar.made(redirect_uris=hundred)["redirect_uris"] == hundred
    answer = registrar.post({"redirect_uris": [*hundred, CALLBACK]})
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_redirect_uri", "invalid_client_metadata")


REFUSED = (
    ({"subject_type": "public"}, "subject_type_not_pairwise"),
    ({"response_types": ["code id_token"]}, "response_type_not_code"),
    ({"response_types": ["code"], "grant_types": ["client_credentials"]}, "response_type_without_grant"),
    ({"grant_types": ["implicit"]}, "grant_type_unknown"),
    ({"grant_types": ["password"]}, "grant_type_unknown"),
    ({"grant_types": ["refresh_token"]}, "refresh_without_code"),
    ({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}, "service_without_authentication"),
    ({"token_endpoint_auth_method": "client_secret_jwt"}, "auth_method_unknown"),
    ({"token_endpoint_auth_method": "private_key_jwt"}, "keys_missing"),
    ({"type": "spa", "token_endpoint_auth_method": "client_secret_basic"}, "secret_in_public_client"),
    ({"type": "operator"}, "type_unknown"),
    ({"application_type": "service"}, "application_type_unknown"),
    ({"id_token_signed_response_alg": "none"}, "response_alg_unknown"),
    ({"id_token_signed_response_alg": "HS256"}, "response_alg_unknown"),
    ({"userinfo_signed_response_alg": "none"}, "response_alg_unknown"),
    ({"token_endpoint_auth_signing_alg": "HS256"}, "auth_alg_unknown"),
    ({"id_token_encrypted_response_alg": "RSA-OAEP"}, "registration_not_offered"),
    ({"dpop_bound_access_tokens": True}, "registration_not_offered"),
    ({"jwks": {"keys": [KEY | {"d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}}, "jwks_private_key"),
    ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "jwks_private_key"),
    ({"jwks": {"keys": [KEY]}, "jwks_uri": "https://app.example/jwks"}, "jwks_twice"),
    ({"origins": ["https://app.example/path"]}, "origin_malformed"),
)  # fmt: skip


@REGISTRATION
def test_metadata_that_is_refused(registrar):
    for metadata, reason in REFUSED:
        assert registrar.refusal(**metadata) == reason, metadata


@REGISTRATION
def test_dcr_03_what_only_an_administrator_says_changes_nothing(registrar):
    theirs = {
        "tenant_id": "ten_00000000000000000000000000", "client_id": "sigid", "client_secret": "chosen",
        "roles": ["owner"], "suspended": False, "status": "active", "trusted": True, "first_party": True,
        "consent": "implicit", "profile": "fapi2", "require_pkce": False, "audiences": ["sigid"],
        "scopes": ["users:write"], "registered": False, "registration_token_digest": "x",
        "id": "app_00000000000000000000000000", "version": 7,
    }  # fmt: skip
    told = registrar.made(**theirs)
    assert told["client_id"].startswith("app_")
    assert told["client_id"] != theirs["id"]
    assert told["client_secret"] != "chosen"
    assert told["tenant"]["id"] == registrar.tenant.id
    for name in theirs.keys() - {"client_id", "client_secret"}:
        assert name not in told, name


@REGISTRATION
def test_dcr_03_a_client_without_pkce_is_sent_back_whatever_it_registered(server, registrar, person):
    application = as_application(server, registrar.made(require_pkce=False))
    authorization, arrival = person.authorize(application, code_challenge=None, code_challenge_method=None)
    assert arrival.parameters["error"] == "invalid_request"
    assert authorization.url


@REGISTRATION
def test_dcr_03_scopes_are_narrowed_and_told(server, registrar):
    told = registrar.made(scope="openid projects:read users:write tenants:write no:such")
    assert told["scope"] == "openid projects:read"
    service = registrar.made(redirect_uris=[], grant_types=["client_credentials"], scope="users:read users:write")
    assert service["scope"] == ""
    answer = as_application(server, service).client_credentials(resource=f"{server.issuer}/api/v1")
    assert answer.status_code == 400


NEVER_FETCHED = (
    "https://10.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/x", "https://metadata/x",
    "http://app.example/x", "javascript:alert(1)", "https://a:b@app.example/x", "https://127.1/x",
)  # fmt: skip


@REGISTRATION
@pytest.mark.parametrize("name", ["logo_uri", "jwks_uri", "sector_identifier_uri", "backchannel_logout_uri"])
def test_dcr_07_addresses_that_we_never_fetch(registrar, name):
    for uri in NEVER_FETCHED:
        assert registrar.refusal(**{name: uri}), uri


@REGISTRATION
@pytest.mark.parametrize("name", ["client_uri", "policy_uri", "tos_uri", "initiate_login_uri"])
def test_dcr_07_links_are_https(registrar, name):
    for uri in ("http://app.example/x", "javascript:alert(1)", "https://a@app.example/", "https://"):
        assert registrar.refusal(**{name: uri}) == "link_malformed", uri


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


@REGISTRATION
def test_dcr_08_software_statements(registrar):
    claims = {"iss": "https://strangers.example", "software_id": "x", "redirect_uris": [CALLBACK]}
    bad = "invalid_software_statement"
    for statement in ("nonsense", unsigned({"alg": "none"}, claims), 5, {}):
        assert registrar.refusal(error=bad, software_statement=statement) == "software_statement_malformed"
    signed = unsigned({"alg": "ES256"}, claims) + "AAAA"
    found = registrar.refusal(error="unapproved_software_statement", software_statement=signed)
    assert found == "software_statement_unapproved"


NAMES_OF_OTHERS = (
    "SigID", "sigid", "S i g I D", "\u0405\u0456g\u0406D", "S\u00edg\u00cfD", "S1gID", "SigID Support", "Acme",
    "\u0410\u0421\u041c\u0415", "\uff41\uff43\uff4d\uff45",
)  # fmt: skip


@REGISTRATION
def test_dcr_09_names_of_others_are_refused(registrar):
    for name in NAMES_OF_OTHERS:
        assert registrar.refusal(client_name=name) == "client_name_lookalike", name
        in_german = {"client_name": "Fern", "client_name#de": name}
        assert registrar.refusal(**in_german) == "client_name_lookalike", name


@REGISTRATION
def test_dcr_09_names_are_short_printable_and_nothing_but_text(server, registrar, person):
    for name in ("a" * 101, "", "  ", "Fern\u202eDI", "Fern\nBloom", "Fern\x00"):
        assert registrar.refusal(client_name=name) == "name_malformed"
    assert registrar.refusal(client_name="a" * 10_240) in ("name_malformed", "member_malformed")
    told = registrar.made(client_name="<b>Fern</b><script>", scope="openid email")
    _, at = person.authorize(as_application(server, told), scope="openid email")
    page = person.sign_in(at, registrar.tenant.email, registrar.tenant.password)
    assert "<script>" not in page.response.text
    assert "&lt;b&gt;Fern" in page.response.text


# The sector identifier (OpenID Connect Registration section 5)


@pytest.fixture
def listing(tmp_path: Path) -> Iterator[tuple[str, list[Any]]]:
    """A document on this machine by https, and what it holds."""
    held: list[Any] = [CALLBACK]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(held).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority = Authority(tmp_path)
    site.socket = authority.server("localhost").wrap_socket(site.socket, server_side=True)
    serving = threading.Thread(target=site.serve_forever, daemon=True)
    serving.start()
    yield f"https://localhost:{site.server_port}/sector.json", held
    site.shutdown()
    serving.join()
    site.server_close()


@REGISTRATION
def test_a_sector_document_lists_every_redirect_uri(make_server: MakeServer, listing, tmp_path):
    uri, held = listing
    server = make_server({"FETCH_LOOPBACK": "on", "FETCH_CA": str(tmp_path / "authority.pem")}).start()
    tenant = server.bootstrap(acme())
    registrar = Registrar(server, tenant, tenant.initial_access_token)
    assert registrar.made(sector_identifier_uri=uri)["sector_identifier_uri"] == uri
    other = [CALLBACK, "https://app.example/other"]
    assert registrar.refusal(sector_identifier_uri=uri, redirect_uris=other) == "sector_identifier_lacks_uri"
    held[:] = [1]
    assert registrar.refusal(sector_identifier_uri=uri) == "sector_identifier_malformed"
    assert registrar.refusal(sector_identifier_uri=uri.replace("https", "http")) == "sector_identifier_not_https"


# Management (RFC 7592)


def settings_of(client: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What RFC 7592 section 2.2 has a client send: all that it was told, without what is ours to say."""
    ours = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
    return {name: value for name, value in client.items() if name not in ours} | changes


@MANAGEMENT
def test_a_client_reads_itself(registrar):
    client = registrar.made(scope="openid email", client_name="Fern")
    read = manage("GET", client)
    assert read.status_code == 200
    assert read.headers["Cache-Control"] == "no-store"
    told_once = {"client_secret", "client_secret_expires_at"}
    assert {name: value for name, value in client.items() if name not in told_once} == read.json()


@MANAGEMENT
def test_what_a_client_was_told_it_may_say_again(registrar):
    client = registrar.made(
        scope="openid email", client_name="Fern", default_max_age=0, origins=[], contacts=["ops@app.example"]
    )
    answer = manage("PUT", client, settings_of(client))
    assert answer.status_code == 200, answer.text
    new = answer.json()
    same = settings_of(client)
    assert {name: new[name] for name in same} == same
    assert (new["default_max_age"], new["origins"]) == (0, [])


@MANAGEMENT
def test_a_put_says_everything_anew_and_replaces_the_token(server, registrar):
    client = registrar.made(client_name="Fern", tos_uri="https://app.example/terms")
    body = {"client_id": client["client_id"], "redirect_uris": ["https://app.example/new"], "client_name": "Bloom"}
    answer = manage("PUT", client, body)
    assert answer.status_code == 200, answer.text
    new = answer.json()
    assert (new["client_name"], new["redirect_uris"]) == ("Bloom", ["https://app.example/new"])
    assert "tos_uri" not in new
    assert new["client_id_issued_at"] == client["client_id_issued_at"]
    assert new["registration_access_token"] != client["registration_access_token"]
    old = refused(server, manage("GET", client), 401, "invalid_token")
    assert old == "registration_token_not_of_this_client"
    assert manage("GET", new).json()["client_name"] == "Bloom"
    secret = client["client_secret"]
    assert as_application(server, new | {"client_secret": secret}).introspect("x").json() == {"active": False}


@MANAGEMENT
def test_dcr_04_the_whole_policy_holds_for_a_change(server, registrar):
    client = registrar.made(client_name="Fern")
    for change, error, reason in [
        ({"redirect_uris": ["http://app.example/cb"]}, "invalid_redirect_uri", "redirect_uri_http"),
        ({"redirect_uris": [CALLBACK, "javascript:x"]}, "invalid_redirect_uri", "redirect_uri_scheme"),
        ({"client_name": "SigID"}, "invalid_client_metadata", "client_name_lookalike"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata", "auth_method_weakened"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata", "grant_type_unknown"),
        ({"subject_type": "public"}, "invalid_client_metadata", "subject_type_not_pairwise"),
        ({"application_type": "native"}, "invalid_client_metadata", "type_changed"),
        ({"logo_uri": "https://10.0.0.1/x"}, "invalid_client_metadata", "address_not_public"),
        ({"software_statement": "x"}, "invalid_software_statement", "software_statement_malformed"),
    ]:
        body = {"client_id": client["client_id"], "redirect_uris": [CALLBACK], "client_name": "Fern"} | change
        assert refused(server, manage("PUT", client, body), 400, error) == reason, change
    assert manage("GET", client).json()["redirect_uris"] == [CALLBACK]  # the token too is the old one


@MANAGEMENT
def test_dcr_04_a_public_client_stays_one(server, registrar):
    client = registrar.made(type="web", token_endpoint_auth_method="none")
    for method in ("client_secret_basic", "client_secret_post"):
        body = {"client_id": client["client_id"], "redirect_uris": [CALLBACK], "token_endpoint_auth_method": method}
        assert refused(server, manage("PUT", client, body), 400, "invalid_client_metadata") == "auth_method_weakened"


@MANAGEMENT
def test_dcr_05_members_that_are_not_the_clients_to_say(server, registrar):
    client, body = registrar.made(), {"redirect_uris": [CALLBACK]}
    other = registrar.made()["client_id"]
    for wrong in ({}, {"client_id": other}, {"client_id": 5}):
        answer = manage("PUT", client, body | wrong)
        assert refused(server, answer, 400, "invalid_client_metadata") == "registration_client_id_differs"
    for name in ("registration_access_token", "registration_client_uri", "client_id_issued_at"):
        answer = manage("PUT", client, body | {"client_id": client["client_id"], name: client[name]})
        assert refused(server, answer, 400, "invalid_client_metadata") == "registration_member_ours"
    answer = manage("PUT", client, body | {"client_id": client["client_id"], "client_secret": "chosen"})
    assert refused(server, answer, 400, "invalid_client_metadata") == "registration_secret_differs"


@MANAGEMENT
def test_dcr_06_a_token_opens_its_own_client_alone(server, registrar):
    a, b = registrar.made(), registrar.made()
    strangers = Registrar(server, registrar.tenant, server.bootstrap(acme()).initial_access_token).made()
    for method, body in (("GET", None), ("PUT", settings_of(b)), ("DELETE", None)):
        for token in (a["registration_access_token"], strangers["registration_access_token"]):
            answer = manage(method, b, body, token=token)
            assert refused(server, answer, 401, "invalid_token") == "registration_token_not_of_this_client"
        answer = manage(method, b, body, token=registrar.token)
        assert refused(server, answer, 401, "invalid_token") == "registration_token_malformed"
    nobody = a | {"registration_client_uri": f"{server.issuer}/oauth/register/app_none"}
    assert refused(server, manage("GET", nobody), 401, "invalid_token") == "registration_token_not_of_this_client"
    by_hand = manage("GET", a | {"registration_client_uri": b["registration_client_uri"]})
    assert by_hand.status_code == 401
    assert manage("GET", b).status_code == 200


@MANAGEMENT
def test_the_tokens_of_a_client_made_by_an_administrator_do_not_exist(server, registrar):
    web = registrar.tenant.application("web")
    url = f"{server.issuer}/oauth/register/{web.client_id}"
    answer = manage("GET", registrar.made() | {"registration_client_uri": url})
    assert refused(server, answer, 401, "invalid_token") == "registration_token_not_of_this_client"


@MANAGEMENT
def test_a_deleted_client_is_gone(server, registrar):
    client = registrar.made(redirect_uris=[], grant_types=["client_credentials"], scope="projects:read")
    application = as_application(server, client)
    token = application.client_credentials().json()["access_token"]
    answer = manage("DELETE", client)
    assert (answer.status_code, answer.content) == (204, b"")
    assert application.client_credentials().status_code == 401
    assert refused(server, manage("GET", client), 401, "invalid_token") == "registration_token_not_of_this_client"
    robot = registrar.tenant.application("robot")
    assert robot.introspect(token).json() == {"active": False}


@MANAGEMENT
def test_changes_and_deletions_are_repeated_by_their_key(registrar):
    client = registrar.made()
    body = {"client_id": client["client_id"], "redirect_uris": ["https://app.example/new"]}
    first, again = (manage("PUT", client, body, Idempotency_Key="put") for _ in range(2))
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    gone, still_gone = (manage("DELETE", first.json(), Idempotency_Key="delete") for _ in range(2))
    assert (gone.status_code, still_gone.status_code) == (204, 204)
    assert still_gone.headers["Idempotent-Replayed"] == "true"


@MANAGEMENT
def test_other_methods_are_named(server, registrar):
    client = registrar.made()
    assert set(manage("PATCH", client, {}).headers["Allow"].split(", ")) >= {"GET", "PUT", "DELETE"}
    assert httpx.get(f"{server.issuer}/oauth/register").headers["Allow"] == "POST"
