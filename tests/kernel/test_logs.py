"""AUD-01, AUD-02: whatever is logged, one line comes out, and no secret in it."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sigid.kernel import logs
from sigid.kernel.secrets import Handle, Secret

HANDLE = Handle.generate("sigid_rt", "ten_" + "0" * 26).reveal()
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


class _Stderr(logging.Handler):
    """Standard error as it is at the moment: pytest changes it between a test's phases."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


Read = Callable[[], tuple[str, list[dict[str, Any]]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """What was logged, as text and as JSON. Pytest's own handlers stay as they are."""
    logs.structure()
    monkeypatch.setattr(logs, "_pretty", False)
    root, handler = logging.getLogger(), _Stderr()
    handler.setFormatter(logs.formatter(pretty=False))
    root.addHandler(handler)
    monkeypatch.setattr(root, "level", logging.INFO)

    def read() -> tuple[str, list[dict[str, Any]]]:
        text = capsys.readouterr().err
        return text, [json.loads(line) for line in text.splitlines()]

    yield read
    root.removeHandler(handler)


SECRETS = {
    "handle": HANDLE,
    "handle within text": f"got {HANDLE}, it seems",
    "handle in a URL": f"https://id.example.com/setup?link={HANDLE}",
    "JWT": JWT,
    "JWT without signature": JWT.rpartition(".")[0] + ".",
    "bearer": "Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA",
    "basic": "authorization: basic czZCaGRSa3F0Mzo3RmpmcDBaQnIx",
    "code in a query": "GET /callback?state=af0ifjsldkj&code=SplxlOBeZQQYbYS6WxSbIA",
    "password in a query": "password=hunter2&x=1",
    "user information of a URL": "postgresql://sigid:hunter2@db.example.com/sigid",
}
GUARDED = (
    "2YotnFZFEjr1zCsicMWpAA", "czZCaGRSa3F0Mzo3RmpmcDBaQnIx", "hunter2", "SplxlOBeZQQYbYS6WxSbIA", "af0ifjsldkj",
    "c2lnbmF0dXJl", "eyJzdWIiOiIxIn0", HANDLE[9:],
)  # fmt: skip


def _is_clean(text: str) -> bool:
    return not any(secret in text for secret in GUARDED)


@pytest.mark.promise("3.2.logs")
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_what_looks_like_a_secret_is_left_out(lines, secret: str):
    logs.get("sigid.test").warning(secret, detail=secret, nested={"list": [secret, (secret,)]}, about={secret: 1})
    logging.getLogger("elsewhere").warning("said %s", secret, extra={"detail": secret})
    logs.access(request_id="req_1", method="GET", path=f"/{secret}", status=404, milliseconds=1, client=secret)
    text, read = lines()
    assert len(read) == 3
    assert _is_clean(text)


@pytest.mark.parametrize(
    "name",
    [
        "password", "new_password", "client_secret", "token", "refresh_token", "id_token_hint", "Authorization",
        "Set-Cookie", "cookie", "client_assertion", "code_verifier", "otp", "dpop", "state", "nonce", "code",
        "root_key",
    ],
)  # fmt: skip
def test_what_is_named_like_a_secret_is_left_out(lines, name: str):
    logs.get("sigid.test").info("said", **{name: "Xyzzy-1234"}, nested={name: ["Xyzzy-1234"]})
    logging.getLogger("elsewhere").info("said", extra={name: "Xyzzy-1234"})
    text, read = lines()
    assert "Xyzzy" not in text
    assert read[0][name] == read[0]["nested"][name] == read[1][name] == "[redacted]"


def test_secrets_never_print(lines):
    logs.get("sigid.test").info("said", it=Secret("Xyzzy"), many=[Secret("Xyzzy")], some={"a": Secret("Xyzzy")})
    logging.getLogger("elsewhere").info("said %s %r", Secret("Xyzzy"), {"a": Secret("Xyzzy")})
    assert "Xyzzy" not in lines()[0]


def test_a_public_code_stays(lines):
    """What an operator looks for: the answer's code and its private reason."""
    logs.access(
        request_id="req_1", method="POST", path="/oauth/token", status=400, milliseconds=1.2345, code="invalid_grant",
        reason="code_reused", tenant="ten_1", client="app_1",
    )  # fmt: skip
    logs.get("sigid.test").info("refused", code="invalid_grant")
    _, [access, other] = lines()
    del access["timestamp"]
    assert access == {
        "level": "info", "event": "request", "request_id": "req_1", "method": "POST", "path": "/oauth/token",
        "status": 400, "code": "invalid_grant", "reason": "code_reused", "tenant": "ten_1", "client": "app_1",
        "milliseconds": 1.23,
    }  # fmt: skip
    assert other["code"] == "invalid_grant"


@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31mred", "\x9b31m", 'a","level":"error', "\u2028", "\x00"])
def test_one_entry_is_one_line(lines, text: str):
    logs.get("sigid.test").info(text, detail=text, nested={"k": text})
    logs.access(request_id="req_1", method=text, path=text, status=200, milliseconds=1, client=text)
    raw, read = lines()
    assert len(read) == 2
    assert (read[0]["event"], read[0]["detail"]) == (text, text)
    assert (read[1]["path"], read[1]["level"]) == (text, "info")
    assert raw.isascii()
    assert not any(ord(character) < 32 for character in raw.replace("\n", ""))


def test_on_a_terminal_control_characters_do_nothing(capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setattr(logs, "_pretty", True)
    logs.access(request_id="req_1", method="GET", path="/\x1b[2J\r\n\x9b1m", status=200, milliseconds=1)
    assert capsys.readouterr().err == "\x1b[32m200\x1b[0m GET /\\x1b[2J\\x0d\\x0a\\x9b1m  1 ms  req_1\n"
    record = logging.LogRecord("elsewhere", logging.INFO, "", 0, "a\x1b[2J\r\nb", (), None)
    told = logs.formatter(pretty=True).format(record)
    assert "\\x1b[2J" in told
    assert "\x1b[2J" not in told
    assert "\n" not in told


def test_an_exception_tells_its_place_and_not_its_input(lines):
    def parse(text: str) -> int:
        return int(text)

    try:
        try:
            parse("hunter2")
        except ValueError as error:
            raise RuntimeError("could not be read") from error
    except RuntimeError:
        logging.getLogger("elsewhere").exception("failed")
        logs.get("sigid.test").exception("failed")
    text, read = lines()
    assert "hunter2" not in text
    for line in read:
        outer, inner = line["exception"]
        assert (outer["type"], outer["message"]) == ("builtins.RuntimeError", "could not be read")
        assert inner["type"] == "builtins.ValueError"
        assert "message" not in inner
        assert inner["frames"][-1].endswith("parse")


_SHOWN = """
import logging, logging.config
from sigid.kernel import logs
logs.configure(development=True)
logging.config.dictConfig(logs.configuration(pretty=logs.is_pretty()))  # as Granian does in its processes
logging.getLogger("_granian").info("Listening")
logging.getLogger("_granian").error("Unexpected exit from worker-1")
logging.getLogger("elsewhere").warning("%d", "token=hunter2")  # which cannot be formatted
logs.get("sigid.test").info("said", token="hunter2")
"""


def test_every_library_logs_as_we_do():
    """A process of its own, whose standard error is no terminal: JSON, in development too."""
    told = subprocess.run([sys.executable, "-c", _SHOWN], capture_output=True, text=True, check=True)
    assert told.stdout == ""
    granian, ours = [json.loads(line) for line in told.stderr.splitlines()]
    assert (granian["event"], granian["level"]) == ("Unexpected exit from worker-1", "error")
    assert (ours["event"], ours["token"]) == ("said", "[redacted]")
