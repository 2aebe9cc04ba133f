"""Clients that are not who they say, at every endpoint where a client says it (RFC 6749 section 2.3, RFC 7523)."""

import base64
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.scene import Scene
from tests.harness.bootstrap import CALLBACK

pytestmark = pytest.mark.promise("3.proof.attacks", "3.5.client-authentication")

ENDPOINTS = {"/oauth/token": "refresh_token", "/oauth/introspect": "token", "/oauth/revoke": "token"}
Attack = Callable[[Scene], tuple[dict[str, str], list[tuple[str, str]]]]


def basic(client_id: str, secret: str) -> tuple[str, str]:
    return "Authorization", f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"


def both(scene: Scene) -> tuple[dict[str, str], list[tuple[str, str]]]:
    secret = scene.web.client_secret or ""
    return {"client_id": scene.web.client_id, "client_secret": secret}, [basic(scene.web.client_id, secret)]


def two_headers(scene: Scene) -> tuple[dict[str, str], list[tuple[str, str]]]:
    return {}, [basic(scene.web.client_id, scene.web.client_secret or "")] * 2


WRONG: dict[str, tuple[Attack, int, str, str]] = {
    "CLI-01 secret in header and body": (both, 400, "invalid_request", "client_methods_two"),
    "CLI-03 only client_id": (
        lambda s: ({"client_id": s.web.client_id}, []), 401, "invalid_client", "client_authentication_missing"
    ),
    "CLI-03 an empty secret": (
        lambda s: ({"client_id": s.web.client_id, "client_secret": ""}, []), 401, "invalid_client",
        "client_authentication_missing",
    ),
    "CLI-04 broken base64": (
        lambda _: ({}, [("Authorization", "Basic %%%")]), 401, "invalid_client", "basic_malformed"
    ),
    "CLI-04 no colon": (
        lambda _: ({}, [("Authorization", "Basic YWJj")]), 401, "invalid_client", "basic_malformed"
    ),
    "CLI-04 two headers": (two_headers, 401, "invalid_client", "authorization_repeated"),
    "CLI-04 16 KiB": (
        lambda _: ({}, [("Authorization", "Basic " + "QUFB" * 4096)]), 401, "invalid_client", "basic_too_large"
    ),
    "CLI-05 a secret of nobody": (
        lambda s: ({}, [basic("app_unknown", s.web.client_secret or "")]), 401, "invalid_client", "client_unknown"
    ),
    "CLI-18 an unknown type of assertion": (
        lambda _: ({"client_assertion": "a.b.c", "client_assertion_type": "x"}, []), 401, "invalid_client",
        "assertion_type_unknown",
    ),
    "CLI-18 no type of assertion": (
        lambda _: ({"client_assertion": "a.b.c"}, []), 401, "invalid_client", "assertion_type_unknown"
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(("attack", "status", "error", "because"), WRONG.values(), ids=WRONG)
def test_refused_at_every_endpoint(
    scene: Scene, path: str, attack: Attack, status: int, error: str, because: str
) -> None:
    form, headers = attack(scene)
    form |= {"grant_type": "refresh_token", ENDPOINTS[path]: "x"}
    answer = scene.web.http.post(scene.server.issuer + path, data=form, headers=headers)
    scene.refused(answer, error, because, status)
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_cli_17_an_assertion_of_a_mebibyte_is_not_read(scene: Scene) -> None:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": "a" * (1 << 20)}
    answer = scene.web.http.post(f"{scene.server.issuer}/oauth/token", data=form)
    assert answer.status_code == 413
    assert scene.server.reason(answer) == "body_too_large"


def test_cli_05_nobody_can_tell_an_unknown_client_from_a_wrong_secret(scene: Scene) -> None:
    def told(client_id: str) -> dict[str, Any]:
        answer = scene.web.http.post(
            f"{scene.server.issuer}/oauth/token",
            data={"grant_type": "client_credentials"},
            headers=[basic(client_id, secrets.token_urlsafe(32))],
        )
        return {"status": answer.status_code, **answer.json(), "request_id": None, "names": sorted(answer.headers)}

    assert told(scene.web.client_id) == told("app_unknown")


def test_cli_06_guessing_a_secret_is_held_back_and_the_client_is_not(fresh: Scene) -> None:
    """The owner's own secret works all the while: it has 256 bits, so it is judged even then."""
    told: Counter[int] = Counter()
    reasons: Counter[str] = Counter()
    for _ in range(300):
        answer = fresh.web.http.post(
            f"{fresh.server.issuer}/oauth/token",
            data={"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK},
            headers=[basic(fresh.web.client_id, secrets.token_urlsafe(16))],
        )
        told[answer.status_code] += 1
        reasons[fresh.server.reason(answer)] += 1
    assert set(told) == {401, 429}
    assert told[429] > told[401]
    assert reasons["client_secret_wrong"] == told[401]
    assert fresh.web.introspect("x").json() == {"active": False}
