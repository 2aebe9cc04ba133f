"""Client authentication: every way in that must stay shut, by its private reason; on both databases."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sigid import applications, tenants
from sigid.applications import Application
from sigid.kernel import clock, database, jws, throttles
from sigid.kernel.callers import Origin
from sigid.kernel.database import change
from sigid.kernel.errors import InvalidClient, OAuthError, Refused, Throttled
from sigid.kernel.http import FetchFailed
from sigid.kernel.secrets import Secret
from sigid.kernel.web import Form
from sigid.oauth import client_keys
from sigid.oauth.client_authentication import ASSERTION_TYPE, Client, identify
from sigid.tokens.schedule import public_jwk
from tests.harness.storage import ISSUER
from tests.tokens.scene import Scene, events, make_scene

KEY, STRANGERS = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
JWK = public_jwk("ES256", "k1", KEY)


@dataclass(frozen=True)
class Clients:
    """One of each kind, with their secrets."""

    scene: Scene
    basic: Application
    basic_secret: str
    post: Application
    post_secret: str
    signs: Application
    public: Application


@pytest.fixture
async def clients(scene: Scene) -> Clients:
    throttles.switch(on=True)
    uris = ("https://app.example/cb",)
    async with change(scene.caller) as tx:
        basic = await applications.create(tx, type="web", name="basic", redirect_uris=uris)
        post = await applications.create(
            tx, type="service", name="post", token_endpoint_auth_method="client_secret_post"
        )
        signs = await applications.create(
            tx, type="service", name="signs", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [JWK]}
        )
        public = await applications.create(tx, type="spa", name="public", redirect_uris=uris)
    assert basic.secret is not None
    assert post.secret is not None
    return Clients(
        scene, basic.application, basic.secret.reveal(), post.application, post.secret.reveal(), signs.application,
        public.application,
    )  # fmt: skip


def origin(ip: str = "203.0.113.7") -> Origin:
    return Origin("req_test", ip)


async def tried(form: dict[str, str] | None = None, *authorization: str, ip: str = "203.0.113.7") -> Client:
    return await identify(Form.parse(urlencode(form or {}).encode()), authorization, ISSUER, origin(ip))


async def reason_of(form: dict[str, str] | None = None, *authorization: str) -> str:
    with pytest.raises(Refused) as refused:
        await tried(form, *authorization)
    assert refused.value.code in ("invalid_client", "invalid_request")
    return refused.value.reason


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote(client_id, safe='')}:{quote(secret, safe='')}".encode()).decode()


def claims(clients: Clients, **changes: Any) -> dict[str, Any]:
    now = int(clock.timestamp())
    good = {
        "iss": clients.signs.client_id, "sub": clients.signs.client_id, "aud": ISSUER, "exp": now + 60, "iat": now,
        "jti": f"jti-{clock.timestamp()}",
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not None}


def assertion(
    payload: dict[str, Any] | bytes, key: ec.EllipticCurvePrivateKey = KEY, header: dict[str, Any] | None = None
) -> str:
    head = {"alg": "ES256", "kid": "k1"} | (header or {})
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = jws.encode(json.dumps(head).encode()) + b"." + jws.encode(body)
    return (signed + b"." + jws.encode(jws.sign("ES256", key, signed))).decode()


def asserting(text: str, **more: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text, **more}


async def test_each_method_lets_its_own_client_in(clients: Clients) -> None:
    assert (await tried(None, basic(clients.basic.client_id, clients.basic_secret))).id == clients.basic.client_id
    assert (
        await tried({"client_id": clients.post.client_id, "client_secret": clients.post_secret})
    ).tenant.slug == "acme"
    assert (await tried(asserting(assertion(claims(clients))))).application.id == clients.signs.id
    assert (await tried({"client_id": clients.public.client_id})).application.public
    assert (await tried({"client_id": clients.public.client_id, "client_secret": ""})).application.public
    caller = (await tried({"client_id": clients.public.client_id})).caller
    assert (caller.tenant_id, caller.actor.id) == (clients.scene.tenant.id, clients.public.id)


async def test_basic_is_read_encoded_or_not(scene: Scene) -> None:
    secret = "a+b%2F:c d&é"
    async with change(scene.caller) as tx:
        made = await applications.create(
            tx, type="service", name="chosen", client_id="https://client.example/x", client_secret=Secret(secret)
        )
    for text in (f"{quote(made.application.client_id, safe='')}:{quote(secret, safe='')}",):
        assert await tried(None, "Basic " + base64.b64encode(text.encode()).decode())
    raw = f"{quote(made.application.client_id, safe='')}:{secret}"
    assert await tried(None, "bAsIc " + base64.b64encode(raw.encode()).decode())


WRONG: dict[str, tuple[Callable[[Clients], tuple[dict[str, str], tuple[str, ...]]], str]] = {
    "CLI-01 header and body": (
        lambda c: ({"client_id": c.basic.client_id, "client_secret": "x"}, (basic(c.basic.client_id, c.basic_secret),)),
        "client_methods_two",
    ),
    "CLI-01 assertion and secret": (
        lambda c: (asserting(assertion(claims(c)), client_secret="x"), ()), "client_methods_two"
    ),
    "CLI-02 a secret for private_key_jwt": (
        lambda c: ({"client_id": c.signs.client_id, "client_secret": "x"}, ()), "client_secret_wrong"
    ),
    "CLI-03 only client_id": (lambda c: ({"client_id": c.basic.client_id}, ()), "client_authentication_missing"),
    "CLI-03 nothing": (lambda c: ({}, ()), "client_authentication_missing"),
    "CLI-03 a secret for a public client": (
        lambda c: ({"client_id": c.public.client_id, "client_secret": "x"}, ()), "client_secret_wrong"
    ),
    "CLI-04 broken base64": (lambda c: ({}, ("Basic !!!",)), "basic_malformed"),
    "CLI-04 no colon": (lambda c: ({}, ("Basic " + base64.b64encode(b"abc").decode(),)), "basic_malformed"),
    "CLI-04 no client": (lambda c: ({}, ("Basic " + base64.b64encode(b":abc").decode(),)), "basic_malformed"),
    "CLI-04 not UTF-8": (lambda c: ({}, ("Basic " + base64.b64encode(b"\xff:x").decode(),)), "basic_malformed"),
    "CLI-04 64 KiB": (lambda c: ({}, ("Basic " + "A" * 65536,)), "basic_too_large"),
    "CLI-04 two headers": (
        lambda c: ({}, (basic(c.basic.client_id, c.basic_secret),) * 2), "authorization_repeated"
    ),
    "another scheme": (lambda c: ({}, ("Bearer abc",)), "authorization_scheme_unknown"),
    "wrong secret": (lambda c: ({}, (basic(c.basic.client_id, c.post_secret),)), "client_secret_wrong"),
    "unknown client": (lambda c: ({}, (basic("app_unknown", c.post_secret),)), "client_unknown"),
    "unknown public client": (lambda c: ({"client_id": "app_unknown"}, ()), "client_unknown"),
    "over-long client": (lambda c: ({"client_id": "a" * 5000}, ()), "client_unknown"),
    "client_id of another": (
        lambda c: ({"client_id": c.post.client_id}, (basic(c.basic.client_id, c.basic_secret),)), "client_id_differs"
    ),
    "right secret by post": (
        lambda c: ({"client_id": c.basic.client_id, "client_secret": c.basic_secret}, ()), "client_method_wrong"
    ),
    "right secret by basic": (lambda c: ({}, (basic(c.post.client_id, c.post_secret),)), "client_method_wrong"),
    "CLI-07 alg none": (
        lambda c: (asserting(assertion(claims(c), header={"alg": "none"})), ()), "assertion_signature_wrong"
    ),
    "CLI-07 alg NONE": (
        lambda c: (asserting(assertion(claims(c), header={"alg": "NONE"})), ()), "assertion_signature_wrong"
    ),
    "CLI-07 empty signature": (
        lambda c: (asserting(assertion(claims(c)).rpartition(".")[0] + "."), ()), "assertion_signature_wrong"
    ),
    "CLI-07 two parts": (
        lambda c: (asserting(assertion(claims(c)).rpartition(".")[0]), ()), "jws_not_three_parts"
    ),
    "CLI-08 HS256 by the public key": (lambda c: (asserting(hs256(c)), ()), "assertion_signature_wrong"),
    "CLI-09 a stranger's key": (
        lambda c: (asserting(assertion(claims(c), STRANGERS)), ()), "assertion_signature_wrong"
    ),
    "CLI-09 jwk in the header": (
        lambda c: (
            asserting(assertion(claims(c), STRANGERS, {"jwk": public_jwk("ES256", "k1", STRANGERS)})), ()
        ), "assertion_signature_wrong",
    ),
    "CLI-09 jku in the header": (
        lambda c: (asserting(assertion(claims(c), STRANGERS, {"jku": "https://evil.example"})), ()),
        "assertion_signature_wrong",
    ),
    "CLI-09 unknown kid": (
        lambda c: (asserting(assertion(claims(c), header={"kid": "k2"})), ()), "assertion_signature_wrong"
    ),
    "CLI-09 kid a number": (
        lambda c: (asserting(assertion(claims(c), header={"kid": 1})), ()), "assertion_signature_wrong"
    ),
    "CLI-10 iss is not sub": (
        lambda c: (asserting(assertion(claims(c, iss="x"))), ()), "assertion_iss_not_sub"
    ),
    "CLI-10 no sub": (lambda c: (asserting(assertion(claims(c, sub=None))), ()), "assertion_iss_not_sub"),
    "CLI-10 client_id of another": (
        lambda c: (asserting(assertion(claims(c)), client_id=c.basic.client_id), ()), "client_id_differs"
    ),
    "CLI-10 sub of another": (
        lambda c: (asserting(assertion(claims(c, sub=c.basic.client_id, iss=c.basic.client_id))), ()),
        "client_method_wrong",
    ),
    "CLI-11 aud of another": (
        lambda c: (asserting(assertion(claims(c, aud="https://evil.example"))), ()), "assertion_aud_wrong"
    ),
    "CLI-11 aud an array": (
        lambda c: (asserting(assertion(claims(c, aud=[ISSUER]))), ()), "assertion_aud_wrong"
    ),
    "CLI-11 no aud": (lambda c: (asserting(assertion(claims(c, aud=None))), ()), "assertion_aud_wrong"),
    "CLI-12 no exp": (lambda c: (asserting(assertion(claims(c, exp=None))), ()), "assertion_expired"),
    "CLI-12 exp past": (
        lambda c: (asserting(assertion(claims(c, exp=int(clock.timestamp()) - 1))), ()), "assertion_expired"
    ),
    "CLI-12 exp a year ahead": (
        lambda c: (asserting(assertion(claims(c, exp=int(clock.timestamp()) + 31_536_000))), ()),
        "assertion_life_too_long",
    ),
    "CLI-12 exp a text": (lambda c: (asserting(assertion(claims(c, exp="9999999999"))), ()), "assertion_expired"),
    "CLI-12 exp negative": (lambda c: (asserting(assertion(claims(c, exp=-1))), ()), "assertion_expired"),
    "CLI-12 exp 1e400": (
        lambda c: (asserting(assertion(json.dumps(claims(c, exp=7)).replace(": 7,", ": 1e400,").encode())), ()),
        "jws_payload_malformed",
    ),
    "CLI-12 iat ahead": (
        lambda c: (asserting(assertion(claims(c, iat=int(clock.timestamp()) + 90))), ()), "assertion_of_the_future"
    ),
    "CLI-12 nbf ahead": (
        lambda c: (asserting(assertion(claims(c, nbf=int(clock.timestamp()) + 90))), ()), "assertion_of_the_future"
    ),
    "CLI-14 no jti": (lambda c: (asserting(assertion(claims(c, jti=None))), ()), "assertion_jti_missing"),
    "CLI-15 crit": (
        lambda c: (asserting(assertion(claims(c), header={"crit": ["x"], "x": 1})), ()), "jws_header_critical"
    ),
    "CLI-15 b64": (
        lambda c: (asserting(assertion(claims(c), header={"b64": False})), ()), "jws_header_critical"
    ),
    "CLI-15 sub twice": (
        lambda c: (
            asserting(assertion(json.dumps(claims(c)).replace('"aud"', '"sub": "x", "aud"').encode())), ()
        ), "jws_payload_malformed",
    ),
    "CLI-16 a JWE": (lambda c: (asserting("a.b.c.d.e"), ()), "jws_not_three_parts"),
    "CLI-16 zip": (
        lambda c: (asserting(assertion(claims(c), header={"zip": "DEF"})), ()), "jws_header_critical"
    ),
    "CLI-17 20 KiB": (lambda c: (asserting("a" * 20_000), ()), "assertion_too_large"),
    "CLI-18 type missing": (
        lambda c: ({"client_assertion": assertion(claims(c))}, ()), "assertion_type_unknown"
    ),
    "CLI-18 type unknown": (
        lambda c: ({"client_assertion": assertion(claims(c)), "client_assertion_type": "x"}, ()),
        "assertion_type_unknown",
    ),
    "CLI-18 type alone": (lambda c: ({"client_assertion_type": ASSERTION_TYPE}, ()), "assertion_type_unknown"),
    "TOK-06 an access token as assertion": (
        lambda c: (asserting(assertion(claims(c), header={"typ": "at+jwt"})), ()), "assertion_typ_wrong"
    ),
}  # fmt: skip


def hs256(clients: Clients) -> str:
    import hashlib
    import hmac

    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = jws.encode(json.dumps({"alg": "HS256", "kid": "k1"}).encode())
    signed = head + b"." + jws.encode(json.dumps(claims(clients)).encode())
    return (signed + b"." + jws.encode(hmac.new(pem, signed, hashlib.sha256).digest())).decode()


@pytest.mark.parametrize(("attack", "because"), WRONG.values(), ids=WRONG)
async def test_refused(
    clients: Clients, attack: Callable[[Clients], tuple[dict[str, str], tuple[str, ...]]], because: str
) -> None:
    form, authorization = attack(clients)
    assert await reason_of(form, *authorization) == because


async def test_the_answer_names_the_registered_method_to_whoever_has_the_secret(clients: Clients) -> None:
    with pytest.raises(InvalidClient) as told:
        await tried({"client_id": clients.basic.client_id, "client_secret": clients.basic_secret})
    assert "client_secret_basic" in told.value.description
    with pytest.raises(InvalidClient) as untold:
        await tried({"client_id": clients.basic.client_id, "client_secret": clients.post_secret})
    with pytest.raises(InvalidClient) as unknown:
        await tried({"client_id": "nobody", "client_secret": clients.post_secret})
    assert untold.value.description == unknown.value.description
    assert untold.value.status == unknown.value.status == 401
    assert untold.value.headers["WWW-Authenticate"].startswith("Basic")


async def test_cli_02_a_right_old_secret_does_not_help_a_client_that_signs(clients: Clients) -> None:
    async with change(clients.scene.caller) as tx:
        changed = await applications.update(
            tx, clients.post, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [JWK]}
        )
    assert changed.version == 2
    assert await reason_of({"client_id": clients.post.client_id, "client_secret": clients.post_secret}) == (
        "client_method_wrong"
    )


async def test_cli_05_a_rotated_secret_lapses_and_a_deleted_one_is_dead_at_once(clients: Clients) -> None:
    async with change(clients.scene.caller) as tx:
        rotated, stored, secret = await applications.add_secret(tx, clients.post, grace=timedelta(minutes=5))
    old, new = (
        {"client_id": clients.post.client_id, "client_secret": text} for text in (clients.post_secret, secret.reveal())
    )
    assert await tried(old)
    assert await tried(new)
    clock.advance(301)
    assert await reason_of(old) == "client_secret_wrong"
    assert await tried(new)
    async with change(clients.scene.caller) as tx:
        assert await applications.delete_secret(tx, rotated, stored.id)
    assert await reason_of(new) == "client_secret_wrong"


async def test_a_suspension_holds_with_the_next_request(clients: Clients) -> None:
    good = {"client_id": clients.post.client_id, "client_secret": clients.post_secret}
    assert await tried(good)
    async with change(clients.scene.caller) as tx:
        suspended = await applications.suspend(tx, clients.post)
    assert await reason_of(good) == "client_not_active"
    async with change(clients.scene.caller) as tx:
        await applications.reactivate(tx, suspended)
    assert await tried(good)
    async with change(clients.scene.caller) as tx:
        await tenants.suspend(tx, await tenants.own(tx))
    assert await reason_of(good) == "client_not_active"


async def test_a_deleted_client_is_unknown_and_its_id_may_be_anothers(clients: Clients) -> None:
    good = {"client_id": clients.post.client_id, "client_secret": clients.post_secret}
    assert await tried(good)
    async with change(clients.scene.caller) as tx:
        await applications.delete(tx, clients.post)
    assert await reason_of(good) == "client_unknown"
    other = await make_scene("other")
    async with change(other.caller) as tx:
        await applications.create(
            tx, type="service", name="post", client_id=clients.post.client_id,
            client_secret=Secret(clients.post_secret), token_endpoint_auth_method="client_secret_post",
        )  # fmt: skip
    assert (await tried(good)).tenant.slug == "other"


async def test_cli_13_fifty_uses_of_one_assertion_let_one_in(clients: Clients) -> None:
    throttles.switch(on=False)
    form = asserting(assertion(claims(clients)))

    async def once() -> str:
        try:
            await tried(form)
        except OAuthError as refused:
            return refused.reason
        return "in"

    assert Counter(await asyncio.gather(*[once() for _ in range(50)])) == {"in": 1, "assertion_replayed": 49}


async def test_the_token_endpoints_address_is_an_audience_too(clients: Clients) -> None:
    assert await tried(asserting(assertion(claims(clients, aud=f"{ISSUER}/oauth/token"))))


async def test_an_assertion_of_eight_seconds_ahead_is_good(clients: Clients) -> None:
    ahead = int(clock.timestamp()) + 8
    assert await tried(asserting(assertion(claims(clients, nbf=ahead, iat=ahead))))


async def test_cli_06_guessing_is_held_back_and_the_real_client_is_not(clients: Clients) -> None:
    wrong = {"client_id": clients.post.client_id, "client_secret": "guess"}
    refusals = []
    for _ in range(30):
        with pytest.raises(Refused) as refused:
            await tried(wrong)
        refusals.append(refused.value)
    assert isinstance(refusals[0], InvalidClient)
    assert isinstance(refusals[-1], Throttled)
    assert refusals[-1].status == 429
    await database.background_done()
    assert "auth.client.refused" in await events(clients.scene)
    assert await tried({"client_id": clients.post.client_id, "client_secret": clients.post_secret})


async def test_cli_06_a_chosen_secret_is_not_judged_while_guesses_are_held_back(scene: Scene) -> None:
    throttles.switch(on=True)
    async with change(scene.caller) as tx:
        await applications.create(
            tx, type="service", name="chosen", client_id="chosen", client_secret=Secret("chosen-by-somebody"),
            token_endpoint_auth_method="client_secret_post",
        )  # fmt: skip
    right = {"client_id": "chosen", "client_secret": "chosen-by-somebody"}
    assert await tried(right)
    for _ in range(30):
        with pytest.raises(Refused):
            await tried(right | {"client_secret": "guess"})
    with pytest.raises(Throttled):
        await tried(right)
    assert await tried(right, ip="198.51.100.9")


class Site:
    """A client's `jwks_uri`: what it answers, and how often it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def fetch_json(self, url: str, max_bytes: int) -> Any:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def signing_by_uri(scene: Scene) -> Application:
    async with change(scene.caller) as tx:
        made = await applications.create(
            tx, type="service", name="uri", token_endpoint_auth_method="private_key_jwt",
            jwks_uri="https://client.example/jwks",
        )  # fmt: skip
    return made.application


def by(application: Application, key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, str]:
    now = int(clock.timestamp())
    payload = {"iss": application.client_id, "sub": application.client_id, "aud": ISSUER, "exp": now + 60}
    return asserting(assertion(payload | {"jti": f"{kid}-{clock.timestamp()}"}, key, {"kid": kid}))


async def test_keys_at_an_address_are_kept_and_read_again_for_an_unknown_kid(clients: Clients) -> None:
    application = await signing_by_uri(clients.scene)
    site = Site({"keys": [JWK]}, {"keys": [public_jwk("ES256", "k2", STRANGERS)]})
    client_keys.install(site)
    assert await tried(by(application, KEY, "k1"))
    assert await tried(by(application, KEY, "k1"))
    assert site.asked == 1
    clock.advance(60)
    assert await tried(by(application, STRANGERS, "k2"))
    assert site.asked == 2
    for _ in range(5):  # whoever names unknown keys does not make us ask each time
        assert await reason_of(by(application, KEY, "k1")) == "assertion_signature_wrong"
    assert site.asked == 2


async def test_an_address_that_gives_no_keys_lets_nobody_in_and_is_not_asked_each_time(clients: Clients) -> None:
    application = await signing_by_uri(clients.scene)
    site = Site(FetchFailed("fetch_timed_out"), {"keys": "none"}, {"keys": [JWK]})
    client_keys.install(site)
    for expected in (1, 1):
        assert await reason_of(by(application, KEY, "k1")) == "assertion_signature_wrong"
        assert site.asked == expected
    clock.advance(11)
    assert await reason_of(by(application, KEY, "k1")) == "assertion_signature_wrong"
    clock.advance(11)
    assert await tried(by(application, KEY, "k1"))


async def test_fifty_at_once_fetch_the_keys_once(clients: Clients) -> None:
    application = await signing_by_uri(clients.scene)
    site = Site({"keys": [JWK]})
    client_keys.install(site)
    forms = [by(application, KEY, "k1") | {} for _ in range(50)]
    answers = await asyncio.gather(*[tried(form) for form in forms], return_exceptions=True)
    assert site.asked == 1
    assert any(isinstance(answer, Client) for answer in answers)
