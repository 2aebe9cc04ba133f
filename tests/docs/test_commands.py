"""Every command of the docs is run, in its page's order, beside a SigID started as the page says; every answer that a
page shows is compared with the real one.

A block `sh server` starts SigID. Where a command prints an address of the browser's part (sign-in, sign-out), a person
goes there; where it waits to be told something (`read`), it is told what the browser arrived with. A block of another
language that names a file stands in that file.
"""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.development import Development
from tests.docs.pages import Block, Shell, blocks, differences
from tests.harness import Arrival, Person
from tests.harness.person import arrived, shown

ROOT = Path(__file__).parents[2]
PAGES = ["applications-and-oauth.md", "security.md"]
WRITTEN_ISSUER = "http://localhost:8484"
BROWSER_PARTS = ("/oauth/authorize", "/oauth/end-session")

pytestmark = pytest.mark.promise("3.6.docs")


@pytest.fixture
def development(commands):
    """Not yet started: an empty data folder and a free port."""
    made = Development.bare("sqlite", commands)
    yield made
    made.throw_away()


@pytest.mark.parametrize("name", PAGES)
def test_every_command_runs(name, development):
    for program in ("bash", "curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    run = 0
    with Shell(ROOT, development.env) as shell, Person(development) as ada:
        reader = Reader(shell, ada, development)
        for block in blocks(ROOT / "docs" / name):
            if block.language == "sh":
                reader.follow(block)
                run += 1
            elif block.language == "json":
                reader.compare(block)
    assert run > 3
    assert development.stumbles() == []


class Reader:
    """Somebody who follows a page: in a terminal, and as Ada in a browser."""

    def __init__(self, shell: Shell, ada: Person, server: Development) -> None:
        self.shell, self.ada, self.server = shell, ada, server
        self.printed = ""
        self.arrival: Arrival | None = None

    def follow(self, block: Block) -> None:
        text = block.text.replace(WRITTEN_ISSUER, self.server.issuer)
        if block.note == "server":
            self.server.start_command = text.strip()
            self.server.start()
            return
        self.printed = self.shell.run(text, self._typed(text))
        last = self.printed.rsplit("\n", 1)[-1]
        if last.startswith(self.server.issuer) and urlsplit(last).path in BROWSER_PARTS:
            self.arrival = self._browse(last)

    def _typed(self, text: str) -> str:
        if re.search(r"^read -r CODE$", text, re.MULTILINE) is None:
            return ""
        assert self.arrival is not None, "nobody signed in"
        return self.arrival.code

    def _browse(self, url: str) -> Arrival:
        at = self.ada.open(url)
        if not isinstance(at, Arrival) and at.has("signin-form"):
            email = "ada@example.com"
            before = len(self.server.inbox(email))
            at = shown(at).form("signin-form").press("method", "email_code", email=email)
            at = self.ada.arrive(self.ada.verify(at, email, before))
        return arrived(at)

    def compare(self, block: Block) -> None:
        """The answer that the page shows is the one that the command before it printed."""
        written = json.loads(block.text.replace(WRITTEN_ISSUER, self.server.issuer))
        assert differences(written, json.loads(self.printed)) == [], f"line {block.line}"


@pytest.mark.parametrize("name", PAGES)
def test_what_is_quoted_stands_in_its_file(name):
    for block in blocks(ROOT / "docs" / name):
        if block.language not in ("sh", "json") and block.note:
            assert block.text in (ROOT / block.note).read_text(), f"line {block.line} is not in {block.note}"


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    page = ROOT / "docs" / name
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    ("written", "real", "fits"),
    [
        ({"a": "x…", "n": 1}, {"a": "xyz", "n": 600}, True),
        ({"a": "x…"}, {"a": "yz"}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": {"b": True}}, {"a": {"b": False}}, False),
        ({"a": ["x"]}, {"a": ["x", "y"]}, False),
    ],
)
def test_a_wrong_answer_would_be_seen(written, real, fits):
    assert (differences(written, real) == []) is fits
