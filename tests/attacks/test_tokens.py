"""Access tokens that are not, no longer, or not for here: at UserInfo, introspection and revocation."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sigid.kernel import jws
from sigid.tokens.schedule import public_jwk
from tests.attacks.scene import Scene

pytestmark = pytest.mark.promise("3.proof.attacks", "3.5.userinfo", "3.5.introspect", "3.5.revoke", "3.5.tokens")

MALLORYS = ec.generate_private_key(ec.SECP256R1())
Forge = Callable[[Scene, dict[str, Any]], str]


def read(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    head, body, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
    return json.loads(head), json.loads(body), signature


def part(value: dict[str, Any]) -> bytes:
    return jws.encode(json.dumps(value).encode())


def resigned(head: dict[str, Any], body: dict[str, Any]) -> str:
    """By a key of Mallory's."""
    signed = part(head) + b"." + part(body)
    return (signed + b"." + jws.encode(jws.sign("ES256", MALLORYS, signed))).decode()


def reheaded(**changes: Any) -> Forge:
    def forge(_: Scene, got: dict[str, Any]) -> str:
        head, body, _signature = read(got["access_token"])
        return resigned({name: value for name, value in (head | changes).items() if value is not None}, body)

    return forge


def rebodied(**changes: Any) -> Forge:
    def forge(_: Scene, got: dict[str, Any]) -> str:
        head, body, _signature = read(got["access_token"])
        return resigned(head, body | changes)

    return forge


def unsigned(alg: str) -> Forge:
    def forge(_: Scene, got: dict[str, Any]) -> str:
        head, body, _signature = read(got["access_token"])
        return (part(head | {"alg": alg}) + b"." + part(body) + b".").decode()

    return forge


def by_public_key(scene: Scene, got: dict[str, Any]) -> str:
    """HS256 with the published JWK as its secret."""
    head, body, _ = read(got["access_token"])
    published = scene.get(f"{scene.server.issuer}/.well-known/jwks.json").json()["keys"]
    key = next(key for key in published if key["kid"] == head["kid"])
    signed = part(head | {"alg": "HS256"}) + b"." + part(body)
    return (signed + b"." + jws.encode(hmac.new(json.dumps(key).encode(), signed, hashlib.sha256).digest())).decode()


def with_signature(make: Callable[[bytes], bytes]) -> Forge:
    def forge(_: Scene, got: dict[str, Any]) -> str:
        signed, _, signature = got["access_token"].rpartition(".")
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        return f"{signed}.{jws.encode(make(raw)).decode()}"

    return forge


def padded(_: Scene, got: dict[str, Any]) -> str:
    return str(got["access_token"]) + "=="


def standard_alphabet(_: Scene, got: dict[str, Any]) -> str:
    head, _, rest = got["access_token"].partition(".")
    return f"{head}/.{rest}"


def the(name: str) -> Forge:
    return lambda _, got: str(got[name])


FORGED: dict[str, tuple[Forge, str]] = {
    "TOK-01 none": (unsigned("none"), "token_signature_wrong"),
    "TOK-01 NONE": (unsigned("NONE"), "token_signature_wrong"),
    "TOK-01 empty signature": (unsigned("ES256"), "token_signature_wrong"),
    "TOK-01 two parts": (lambda _, got: got["access_token"].rpartition(".")[0], "jws_not_three_parts"),
    "TOK-02 HS256 by the published key": (by_public_key, "token_signature_wrong"),
    "TOK-03 jwk": (reheaded(jwk=public_jwk("ES256", "k", MALLORYS)), "token_typ_wrong"),
    "TOK-03 jku": (reheaded(jku="https://evil.example/jwks"), "token_typ_wrong"),
    "TOK-03 x5u": (reheaded(x5u="https://evil.example/x5u"), "token_typ_wrong"),
    "TOK-03 x5c": (reheaded(x5c=["MII"]), "token_typ_wrong"),
    "TOK-04 another algorithm": (reheaded(alg="ES384"), "token_signature_wrong"),
    "TOK-05 unknown kid": (reheaded(kid="nobody"), "token_key_unknown"),
    "TOK-05 no kid": (reheaded(kid=None), "token_typ_wrong"),
    "TOK-05 kid a number": (reheaded(kid=1), "token_key_unknown"),
    "TOK-06 an ID token": (the("id_token"), "token_typ_wrong"),
    "TOK-06 a refresh token": (the("refresh_token"), "jws_not_three_parts"),
    "TOK-08 iss an array": (rebodied(iss=["x"]), "token_signature_wrong"),
    "TOK-10 crit": (reheaded(crit=["x"], x=1), "jws_header_critical"),
    "TOK-10 crit of nothing": (reheaded(crit=[]), "jws_header_critical"),
    "TOK-10 b64": (reheaded(b64=False, crit=["b64"]), "jws_header_critical"),
    "TOK-11 padding": (padded, "jws_base64_malformed"),
    "TOK-11 the standard alphabet": (standard_alphabet, "jws_base64_malformed"),
    "TOK-12 a signature of zeros": (with_signature(lambda raw: bytes(len(raw))), "token_signature_wrong"),
    "TOK-12 a signature in DER": (
        with_signature(lambda raw: b"0\x44\x02\x20" + raw[:32] + b"\x02\x20" + raw[32:]), "token_signature_wrong"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("forge", "because"), FORGED.values(), ids=FORGED)
def test_userinfo_is_not_shown_for_a_forged_token(scene: Scene, forge: Forge, because: str) -> None:
    got = scene.tokens()
    token = forge(scene, got)
    answer = scene.web.userinfo(token)
    scene.refused(answer, "invalid_token", because, 401)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    if token != got["refresh_token"]:
        assert scene.web.introspect(token).json() == {"active": False}
    assert scene.web.userinfo(got["access_token"]).status_code == 200


def asked(scene: Scene, method: str = "GET", **options: Any) -> httpx.Response:
    return scene.web.http.request(method, f"{scene.server.issuer}/userinfo", **options)


SHOWN: dict[str, tuple[Callable[[Scene, str], httpx.Response], int, str, str]] = {
    "TOK-14 in the query": (
        lambda s, token: asked(s, params={"access_token": token}), 400, "invalid_request", "token_in_query"
    ),
    "TOK-15 in header and form": (
        lambda s, token: asked(
            s, "POST", data={"access_token": token}, headers={"Authorization": f"Bearer {token}"}
        ), 400, "invalid_request", "token_in_two_places",
    ),
    "TOK-15 two headers": (
        lambda s, token: asked(s, headers=[("Authorization", f"Bearer {token}")] * 2), 400, "invalid_request",
        "authorization_repeated",
    ),
    "TOK-16 none": (lambda s, _: asked(s), 401, "invalid_token", "token_missing"),
    "another scheme": (
        lambda s, token: asked(s, headers={"Authorization": f"DPoP {token}"}), 401, "invalid_token", "token_not_bearer"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("attack", "status", "error", "because"), SHOWN.values(), ids=SHOWN)
def test_a_token_is_shown_in_one_place(
    scene: Scene, attack: Callable[[Scene, str], httpx.Response], status: int, error: str, because: str
) -> None:
    scene.refused(attack(scene, scene.tokens()["access_token"]), error, because, status)


def test_tok_09_a_token_ends_with_its_time(scene: Scene) -> None:
    got = scene.tokens()
    scene.server.advance(got["expires_in"] + 1)
    scene.refused(scene.web.userinfo(got["access_token"]), "invalid_token", "token_expired", 401)
    assert not scene.active(got["access_token"])


def test_tok_13_a_token_of_a_mebibyte(scene: Scene) -> None:
    answer = scene.web.userinfo("a" * (1 << 20))
    assert answer.status_code in (400, 401, 431)


def test_int_01_introspection_is_for_confidential_clients(scene: Scene) -> None:
    token = scene.tokens()["access_token"]
    scene.refused(scene.spa.introspect(token), "invalid_client", "introspection_by_public_client", 401)
    answer = scene.web.http.post(f"{scene.server.issuer}/oauth/introspect", data={"token": token})
    scene.refused(answer, "invalid_client", "client_authentication_missing", 401)
    answer = scene.web.http.post(
        f"{scene.server.issuer}/oauth/introspect", data={"token": token}, auth=(scene.web.client_id, "x" * 43)
    )
    scene.refused(answer, "invalid_client", "client_secret_wrong", 401)


TOKENS: dict[str, Callable[[Scene], tuple[str, str]]] = {
    "INT-02 another client of the tenant": lambda s: ("mallory", s.tokens()["access_token"]),
    "INT-03 a refresh token of another client": lambda s: ("mallory", s.tokens()["refresh_token"]),
    "INT-03 garbage": lambda _: ("web", "garbage"),
    "INT-03 40 KiB": lambda _: ("web", "a" * 40_000),
    "INT-03 an ID token": lambda s: ("web", s.tokens()["id_token"]),
}


@pytest.mark.parametrize("attack", TOKENS.values(), ids=TOKENS)
def test_what_is_not_ones_business_looks_dead(scene: Scene, attack: Callable[[Scene], tuple[str, str]]) -> None:
    name, token = attack(scene)
    answer = scene.tenant.application(name).introspect(token)
    assert (answer.status_code, answer.json()) == (200, {"active": False})


def test_int_03_a_token_of_another_tenant_looks_dead(scene: Scene) -> None:
    got = scene.tokens()
    for token in (got["access_token"], got["refresh_token"]):
        assert scene.foreign.introspect(token).json() == {"active": False}
        assert scene.active(token)


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", "", "x" * 1000])
def test_int_04_a_hint_changes_nothing(scene: Scene, hint: str) -> None:
    got = scene.tokens()
    for token in (got["access_token"], got["refresh_token"]):
        assert scene.web.introspect(token, token_type_hint=hint).json()["active"] is True
    assert scene.web.revoke(got["refresh_token"], token_type_hint=hint).status_code == 200
    assert not scene.active(got["refresh_token"])


def test_int_06_nobody_revokes_anothers(scene: Scene) -> None:
    got = scene.tokens()
    for application in (scene.mallory, scene.foreign, scene.spa):
        for name in ("access_token", "refresh_token"):
            assert application.revoke(got[name]).status_code == 200
    answer = scene.web.http.post(
        f"{scene.server.issuer}/oauth/revoke",
        data={"token": got["refresh_token"]},
        auth=(scene.web.client_id, "x" * 43),
    )
    scene.refused(answer, "invalid_client", "client_secret_wrong", 401)
    assert scene.active(got["access_token"])
    assert scene.active(got["refresh_token"])


def test_int_07_an_access_token_alone_or_the_family_whole(scene: Scene) -> None:
    got = scene.tokens()
    scene.web.revoke(got["access_token"])
    assert not scene.active(got["access_token"])
    second = scene.web.refresh(got["refresh_token"]).json()
    scene.web.revoke(second["refresh_token"])
    assert not scene.active(second["access_token"])
    scene.refused(scene.web.userinfo(second["access_token"]), "invalid_token", "grant_ended", 401)
    scene.refused(scene.web.refresh(second["refresh_token"]), "invalid_grant", "grant_ended")


def test_tok_11_a_revoked_token_stays_revoked_however_it_is_spelled(scene: Scene) -> None:
    got = scene.tokens()
    scene.web.revoke(got["access_token"])
    scene.refused(scene.web.userinfo(got["access_token"]), "invalid_token", "token_revoked", 401)
    scene.refused(scene.web.userinfo(got["access_token"] + "=="), "invalid_token", "jws_base64_malformed", 401)


def test_int_08_userinfo_is_for_openid_and_for_people(scene: Scene) -> None:
    api = scene.tokens(scope="projects:read")["access_token"]
    scene.refused(scene.web.userinfo(api), "insufficient_scope", "openid_missing", 403)
    robot = scene.tenant.application("robot").client_credentials().json()["access_token"]
    scene.refused(scene.web.userinfo(robot), "invalid_token", "token_not_of_a_user", 401)


@pytest.mark.parametrize("name", ["sub", "user_id", "tenant_id", "id"])
def test_int_09_userinfo_reads_nobody_else(scene: Scene, name: str) -> None:
    token = scene.tokens()["access_token"]
    other = scene.stranger.user()["sub"] if name != "tenant_id" else scene.stranger.id
    header = {"Authorization": f"Bearer {token}"}
    expected = scene.web.userinfo(token).json()
    assert asked(scene, params={name: other}, headers=header).json() == expected
    assert asked(scene, "POST", data={name: other}, headers=header).json() == expected


def test_key_01_only_public_keys_are_published(scene: Scene) -> None:
    published = scene.get(f"{scene.server.issuer}/.well-known/jwks.json").json()["keys"]
    assert published
    for key in published:
        assert key.keys().isdisjoint({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        assert (key["kty"], key["use"]) in (("EC", "sig"), ("RSA", "sig"), ("OKP", "sig"))
    got = scene.tokens()
    used = {read(got[name])[0]["kid"] for name in ("access_token", "id_token")}
    assert used <= {key["kid"] for key in published}
