"""Authorization codes in the wrong hands, at the wrong time, too often (RFC 6749 sections 4.1.3 and 10.5; RFC 7636)."""

import secrets
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from tests.attacks.scene import Scene, at_once
from tests.harness import Arrival
from tests.harness.application import Authorization
from tests.harness.bootstrap import AUDIENCE, CALLBACK

pytestmark = pytest.mark.promise("3.proof.attacks", "3.5.authorization-code", "3.5.pkce")

Attack = Callable[[Scene, Authorization, Arrival], httpx.Response]


def verifier(text: str | None) -> Attack:
    return lambda scene, authorization, arrival: scene.web.redeem(authorization, arrival, code_verifier=text)


def redirect_uri(text: str | None) -> Attack:
    return lambda scene, authorization, arrival: scene.web.redeem(authorization, arrival, redirect_uri=text)


# Its own client uses it wrongly: refused, and dead from then on.
MISUSED: dict[str, tuple[Attack, str]] = {
    "COD-04 no verifier": (verifier(None), "code_verifier_wrong"),
    "COD-04 an empty verifier": (verifier(""), "code_verifier_wrong"),
    "COD-04 a wrong verifier": (verifier(secrets.token_urlsafe(32)), "code_verifier_wrong"),
    "COD-04 a verifier of one character": (verifier("x"), "code_verifier_wrong"),
    "COD-09 another redirect_uri": (redirect_uri(f"{CALLBACK}/"), "redirect_uri_differs"),
    "COD-09 no redirect_uri": (redirect_uri(None), "redirect_uri_differs"),
}


@pytest.mark.parametrize(("attack", "because"), MISUSED.values(), ids=MISUSED)
def test_a_code_that_is_misused_is_refused_and_dead(scene: Scene, attack: Attack, because: str) -> None:
    authorization, arrival = scene.callback()
    scene.refused(attack(scene, authorization, arrival), "invalid_grant", because)
    scene.refused(scene.web.redeem(authorization, arrival), "invalid_grant", "code_dead")


def by(name: str) -> Attack:
    return lambda scene, authorization, arrival: scene.tenant.application(name).redeem(authorization, arrival)


def by_foreign(scene: Scene, authorization: Authorization, arrival: Arrival) -> httpx.Response:
    return scene.foreign.redeem(authorization, arrival)


def with_resource(scene: Scene, authorization: Authorization, arrival: Arrival) -> httpx.Response:
    return scene.web.redeem(authorization, arrival, resource="https://other.example")


def twice(name: str) -> Attack:
    def attack(scene: Scene, authorization: Authorization, arrival: Arrival) -> httpx.Response:
        value = {"code_verifier": authorization.verifier}.get(name, "x")
        return scene.web.redeem(authorization, arrival, **{name: [value, value]})

    return attack


def verifier_in_query(scene: Scene, authorization: Authorization, arrival: Arrival) -> httpx.Response:
    return scene.web.post(
        f"/oauth/token?code_verifier={authorization.verifier}",
        {"grant_type": "authorization_code", "code": arrival.code, "redirect_uri": CALLBACK},
    )


# Someone else tries, or the request is no request: refused, and the code stays good for its owner.
UNHARMED: dict[str, tuple[Attack, str, str]] = {
    "COD-06 verifier twice": (twice("code_verifier"), "invalid_request", "parameter_repeated"),
    "COD-06 verifier in the query": (verifier_in_query, "invalid_request", "parameters_in_query"),
    "COD-09 by another client": (by("mallory"), "invalid_grant", "code_not_for_this_client"),
    "COD-09 by a public client": (by("spa"), "invalid_grant", "code_not_for_this_client"),
    "COD-09 by a client of another tenant": (by_foreign, "invalid_grant", "code_not_for_this_client"),
    "COD-13 a resource that was not authorized": (with_resource, "invalid_target", "resource_not_authorized"),
    "a code twice": (twice("code"), "invalid_request", "parameter_repeated"),
}


@pytest.mark.parametrize(("attack", "error", "because"), UNHARMED.values(), ids=UNHARMED)
def test_a_code_stays_good_for_its_owner(scene: Scene, attack: Attack, error: str, because: str) -> None:
    authorization, arrival = scene.callback()
    scene.refused(attack(scene, authorization, arrival), error, because)
    assert scene.web.redeem(authorization, arrival).status_code == 200


def test_cod_09_the_text_is_the_same_each_time(scene: Scene) -> None:
    told = set()
    for attack in (by("mallory"), by_foreign, redirect_uri("https://x.example"), verifier("x" * 43)):
        answer = attack(scene, *scene.callback()).json()
        told.add((answer["error"], answer["error_description"]))
    assert len(told) == 1


def test_cod_05_a_verifier_where_there_was_no_challenge(scene: Scene) -> None:
    lax = scene.tenant.application("lax")
    authorization = lax.authorization(code_challenge=None, code_challenge_method=None, scope="openid")
    scene.callback()  # Ada is signed in
    arrival = scene.person.arrive(scene.person.open(authorization.url))
    scene.refused(lax.redeem(authorization, arrival), "invalid_grant", "code_verifier_wrong")
    scene.refused(lax.redeem(authorization, arrival, code_verifier=None), "invalid_grant", "code_dead")


def test_cod_07_a_second_use_ends_what_the_first_got(scene: Scene) -> None:
    authorization, arrival = scene.callback()
    got = scene.web.redeem(authorization, arrival).json()
    assert scene.active(got["access_token"])
    assert scene.active(got["refresh_token"])
    scene.refused(scene.web.redeem(authorization, arrival), "invalid_grant", "code_reused")
    assert not scene.active(got["access_token"])
    assert not scene.active(got["refresh_token"])
    userinfo = scene.web.userinfo(got["access_token"])
    assert (userinfo.status_code, scene.server.reason(userinfo)) == (401, "grant_ended")
    scene.refused(scene.web.refresh(got["refresh_token"]), "invalid_grant", "grant_ended")


def test_cod_10_a_code_lives_for_a_minute(scene: Scene) -> None:
    authorization, arrival = scene.callback()
    scene.server.advance(61)
    scene.refused(scene.web.redeem(authorization, arrival), "invalid_grant", "code_expired")


@pytest.mark.promise("3.proof.races")
def test_cod_08_50_at_once_and_one_wins(fresh: Scene) -> None:
    """On PostgreSQL over two `sigid serve`; what the winner got is dead, for the others were replays."""
    scene = fresh
    addresses = [scene.server.address]
    if scene.server.kind == "postgresql":
        addresses.append(scene.server.beside().start().address)
    authorization, arrival = scene.callback()
    form = {
        "grant_type": "authorization_code", "code": arrival.code, "redirect_uri": CALLBACK,
        "code_verifier": authorization.verifier,
    }  # fmt: skip
    auth = (scene.web.client_id, scene.web.client_secret or "")
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(auth=auth, timeout=120, limits=limits) as http:
        answers = at_once(lambda number: http.post(f"{addresses[number % len(addresses)]}/oauth/token", data=form))
    told = Counter((answer.status_code, answer.json().get("error")) for answer in answers)
    assert told == {(200, None): 1, (400, "invalid_grant"): 49}
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    assert not scene.active(won["access_token"])
    assert not scene.active(won["refresh_token"])


def test_cod_11_guessing_is_held_back_and_the_owner_is_not(fresh: Scene) -> None:
    """1,000 guesses; the prefix and the tenant in it are right, so that only the secret part is guessed."""
    scene = fresh
    authorization, arrival = scene.callback(scene.mallory)
    head, tail = arrival.code[:-43], arrival.code[-43:]
    assert len(tail) == 43, "32 bytes in base64url: 256 bits"
    told: Counter[int] = Counter()
    for _ in range(1000):
        answer = scene.web.token(
            "authorization_code", code=head + secrets.token_urlsafe(32), redirect_uri=CALLBACK, code_verifier="x" * 43
        )
        told[answer.status_code] += 1
    assert set(told) == {400, 429}
    assert told[400] <= 250
    assert scene.mallory.redeem(authorization, arrival).status_code == 200
    assert scene.web.redeem(*scene.callback()).status_code == 200


def grant_type(*names: str) -> Callable[[Scene], httpx.Response]:
    return lambda scene: scene.web.post("/oauth/token", {"grant_type": list(names)})


REQUESTS: dict[str, tuple[Callable[[Scene], httpx.Response], int, str, str]] = {
    "COD-12 missing": (grant_type(), 400, "unsupported_grant_type", "grant_type_missing"),
    "COD-12 doubled": (
        grant_type("client_credentials", "authorization_code"), 400, "invalid_request", "parameter_repeated"
    ),
    "COD-12 another case": (
        grant_type("Authorization_Code"), 400, "unsupported_grant_type", "grant_type_unknown"
    ),
    "COD-12 password": (grant_type("password"), 400, "unsupported_grant_type", "grant_type_unknown"),
    "COD-12 implicit": (grant_type("implicit"), 400, "unsupported_grant_type", "grant_type_unknown"),
    "COD-12 one that was not registered": (
        grant_type("client_credentials"), 400, "unauthorized_client", "grant_type_not_given"
    ),
    "COD-14 JSON": (
        lambda s: s.web.http.post(f"{s.server.issuer}/oauth/token", json={"grant_type": "client_credentials"}),
        415, "invalid_request", "not_a_form",
    ),
    "COD-14 multipart": (
        lambda s: s.web.http.post(f"{s.server.issuer}/oauth/token", files={"grant_type": b"client_credentials"}),
        415, "invalid_request", "not_a_form",
    ),
    "COD-14 in the query": (
        lambda s: s.web.post("/oauth/token?grant_type=client_credentials", {}), 400, "invalid_request",
        "parameters_in_query",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("attack", "status", "error", "because"), REQUESTS.values(), ids=REQUESTS)
def test_a_token_request_that_is_none(
    scene: Scene, attack: Callable[[Scene], httpx.Response], status: int, error: str, because: str
) -> None:
    scene.refused(attack(scene), error, because, status)


def test_cod_14_by_get(scene: Scene) -> None:
    answer = scene.get(f"{scene.server.issuer}/oauth/token?grant_type=client_credentials")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


ORIGINS = {
    "COD-15 a stranger's": "https://evil.example",
    "COD-15 null": "null",
    "COD-15 one that only begins alike": "http://localhost:3000.evil.example",
}


@pytest.mark.parametrize("origin", ORIGINS.values(), ids=ORIGINS)
def test_a_stranger_cannot_read_the_answer_in_a_browser(scene: Scene, origin: str) -> None:
    authorization, arrival = scene.callback(scene.spa)
    form = {"code": arrival.code, "redirect_uri": CALLBACK, "code_verifier": authorization.verifier}
    answer = scene.spa.post("/oauth/token", {"grant_type": "authorization_code"} | form, headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_cod_13_the_authorized_resource_is_given(scene: Scene) -> None:
    authorization, arrival = scene.callback(resource=AUDIENCE)
    assert scene.web.redeem(authorization, arrival, resource=AUDIENCE).status_code == 200
