"""`kill -9` in a stream of writes: whatever was answered is there afterwards, and the audit log verifies."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.conftest import MakeServer
from tests.harness import Person, acme
from tests.harness.person import shown

GOOD = "totally-unrelated-gravel-99"


@pytest.mark.promise("3.proof.kill", "3.2.audit-verify")
def test_what_was_answered_survives_kill_9(make_server: MakeServer):  # noqa: C901  (told in order)
    server = make_server().start()
    tenant = server.bootstrap(acme())
    robot, web = tenant.application("robot"), tenant.application("web")
    stop = threading.Event()
    issued: list[str] = []
    signed_up: list[str] = []

    def take_tokens() -> None:
        while not stop.is_set():
            try:
                answer = robot.client_credentials()
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                issued.append(answer.json()["access_token"])

    def sign_up(number: int) -> None:
        place = 0
        while not stop.is_set():
            place += 1
            email = f"p{number}-{place}-{tenant.slug}@example.com"
            try:
                with Person(server) as somebody:
                    _, at = somebody.authorize(web, prompt="create")
                    if shown(somebody.sign_up(at, email, GOOD, "P")).has("consent-form"):
                        signed_up.append(email)
            except (httpx.HTTPError, AssertionError):
                return

    with ThreadPoolExecutor(6) as pool:
        streams = [pool.submit(take_tokens) for _ in range(4)] + [pool.submit(sign_up, n) for n in range(2)]
        while len(issued) < 200 or len(signed_up) < 3:
            assert not all(stream.done() for stream in streams), "the streams ended before the crash"
            stop.wait(0.02)
        server.kill9()
        stop.set()
    server.restart()

    alive = [robot.introspect(token).json()["active"] for token in issued[-100:]]
    assert all(alive), f"{alive.count(False)} answered tokens are gone"
    for email in signed_up[-3:]:
        with Person(server) as again:
            _, at = again.authorize(web)
            assert shown(again.sign_in(at, email, GOOD)).has("consent-form"), email
    report = json.loads(server.command("audit", "verify", "--tenant", tenant.slug, "--json"))
    assert report["ok"] is True, report
