"""Refresh tokens that were stolen, lent, stretched or raced for (RFC 6749 section 6, RFC 9700 section 4.14.2)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.attacks.scene import Scene, at_once

pytestmark = pytest.mark.promise("3.proof.attacks", "3.5.refresh")

WINDOW = 61  # seconds: past any window for answers that were lost
Attack = Callable[[Scene, dict[str, Any]], httpx.Response]


def by(name: str) -> Attack:
    return lambda scene, got: scene.tenant.application(name).refresh(got["refresh_token"])


def by_foreign(scene: Scene, got: dict[str, Any]) -> httpx.Response:
    return scene.foreign.refresh(got["refresh_token"])


def unauthenticated(scene: Scene, got: dict[str, Any]) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": got["refresh_token"], "client_id": scene.web.client_id}
    return scene.web.http.post(f"{scene.server.issuer}/oauth/token", data=form)


def asking(**form: str) -> Attack:
    return lambda scene, got: scene.web.refresh(got["refresh_token"], **form)


def sending(name: str) -> Attack:
    return lambda scene, got: scene.web.refresh(got[name])


def a_code(scene: Scene, _got: dict[str, Any]) -> httpx.Response:
    return scene.web.refresh(scene.callback()[1].code)


# The attack, what it gets, and why; the family lives on for its owner.
UNHARMED: dict[str, tuple[Attack, int, str, str]] = {
    "REF-03 by another client": (by("mallory"), 400, "invalid_grant", "refresh_token_not_for_this_client"),
    "REF-03 by a public client": (by("spa"), 400, "invalid_grant", "refresh_token_not_for_this_client"),
    "REF-03 by a client of another tenant": (by_foreign, 400, "invalid_grant", "refresh_token_unknown"),
    "REF-04 without client authentication": (
        unauthenticated, 401, "invalid_client", "client_authentication_missing"
    ),
    "REF-05 a wider scope": (
        asking(scope="openid projects:delete"), 400, "invalid_scope", "scope_wider_than_grant"
    ),
    "REF-06 another resource": (
        asking(resource="https://other.example"), 400, "invalid_target", "resource_not_authorized"
    ),
    "REF-11 an access token": (sending("access_token"), 400, "invalid_grant", "refresh_token_unknown"),
    "REF-11 an ID token": (sending("id_token"), 400, "invalid_grant", "refresh_token_unknown"),
    "REF-11 a code": (a_code, 400, "invalid_grant", "refresh_token_unknown"),
}  # fmt: skip


@pytest.mark.parametrize(("attack", "status", "error", "because"), UNHARMED.values(), ids=UNHARMED)
def test_refused_and_the_family_lives_on(scene: Scene, attack: Attack, status: int, error: str, because: str) -> None:
    got = scene.tokens()
    scene.refused(attack(scene, got), error, because, status)
    assert scene.active(got["access_token"])
    assert scene.web.refresh(got["refresh_token"]).status_code == 200


def test_ref_01_a_spent_token_after_its_window_ends_the_family(scene: Scene) -> None:
    got = scene.tokens()
    second = scene.web.refresh(got["refresh_token"]).json()
    scene.server.advance(WINDOW)
    assert scene.active(second["access_token"])
    scene.refused(scene.web.refresh(got["refresh_token"]), "invalid_grant", "refresh_token_reused")
    assert not scene.active(got["access_token"])
    assert not scene.active(second["access_token"])
    scene.refused(scene.web.refresh(second["refresh_token"]), "invalid_grant", "grant_ended")


@pytest.mark.promise("3.proof.races")
def test_ref_02_50_at_once_get_the_same_successor(fresh: Scene) -> None:
    """On PostgreSQL over two `sigid serve`."""
    scene = fresh
    addresses, got = _addresses(scene), scene.tokens()
    answers = _refreshes(scene, addresses, got["refresh_token"])
    assert {answer.status_code for answer in answers} == {200}
    [successor] = {answer.json()["refresh_token"] for answer in answers}
    assert successor != got["refresh_token"]
    assert scene.web.refresh(successor).status_code == 200


@pytest.mark.promise("3.proof.races")
def test_ref_14_50_at_once_after_the_successor_was_used(fresh: Scene) -> None:
    scene = fresh
    addresses, got = _addresses(scene), scene.tokens()
    second = scene.web.refresh(got["refresh_token"]).json()
    third = scene.web.refresh(second["refresh_token"]).json()
    answers = _refreshes(scene, addresses, got["refresh_token"])
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(400, "invalid_grant")}
    scene.refused(scene.web.refresh(got["refresh_token"]), "invalid_grant", "refresh_token_successor_used")
    assert scene.active(third["access_token"])
    assert scene.web.refresh(third["refresh_token"]).status_code == 200


def test_ref_05_a_narrower_scope_does_not_shrink_the_grant(scene: Scene) -> None:
    got = scene.tokens()
    narrow = scene.web.refresh(got["refresh_token"], scope="openid").json()
    assert narrow["scope"] == "openid"
    wide = scene.web.refresh(narrow["refresh_token"]).json()
    assert set(wide["scope"].split()) == set(got["scope"].split())


def test_ref_10_a_family_ends_however_often_it_is_renewed(fresh: Scene) -> None:
    scene = fresh
    token, day = scene.tokens()["refresh_token"], 24 * 3600
    for _ in range(400):
        scene.server.advance(5 * day)
        answer = scene.web.refresh(token)
        if answer.status_code != 200:
            break
        token = answer.json()["refresh_token"]
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert scene.server.reason(answer) == "grant_expired"


def test_ref_12_a_refresh_raises_nothing(scene: Scene) -> None:
    got = scene.tokens()
    scene.server.advance(120)
    first, second = claims(got["id_token"]), claims(scene.web.refresh(got["refresh_token"]).json()["id_token"])
    kept = ("iss", "sub", "aud", "auth_time", "acr", "amr")
    assert [second.get(name) for name in kept] == [first.get(name) for name in kept]
    assert second["iat"] > first["iat"]


def test_ref_13_no_offline_access_no_refresh_token(scene: Scene) -> None:
    assert "refresh_token" not in scene.tokens(scope="openid projects:read")


def _addresses(scene: Scene) -> list[str]:
    if scene.server.kind == "postgresql":
        return [scene.server.address, scene.server.beside().start().address]
    return [scene.server.address]


def _refreshes(scene: Scene, addresses: list[str], token: str) -> list[httpx.Response]:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    auth = (scene.web.client_id, scene.web.client_secret or "")
    with httpx.Client(auth=auth, timeout=120, limits=httpx.Limits(max_connections=None)) as http:
        return at_once(lambda number: http.post(f"{addresses[number % len(addresses)]}/oauth/token", data=form))


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
