"""The fixtures that tests ask for; `tests/harness` says what they are."""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Protocol

import pytest
from playwright.sync_api import Browser

from tests import status
from tests.conformance import page as conformance
from tests.harness import Person, Postgresql, Server, Tenant, acme, browser, run
from tests.harness.commands import Commands
from tests.harness.postgresql import binaries, stop_all

CI = os.environ.get("CI") == "true"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "promise(*ids): the promises of docs/promises.toml that this test shows")
    if not hasattr(config, "workerinput"):  # the process that was started, not a worker of it
        run.begin(stop_all)
        if not CI:
            status.write()
            conformance.write()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        run.end(stop_all)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip is a failure: there, everything that a test needs must have been set up."""
    report = yield
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


class Servers:
    """One worker's shared servers: at most one for each database and clock, started when first asked for."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._running: dict[tuple[str, bool], Server] = {}

    def get(self, kind: str, postgresql: Postgresql | None, *, real_time: bool) -> Server:
        key = (kind, real_time)
        if key not in self._running:
            self._running[key] = Server.make(kind, self._commands, postgresql, real_time=real_time).start()
        return self._running[key]

    def stop(self) -> None:
        for server in self._running.values():
            server.throw_away()


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    commands = Commands()
    yield commands
    commands.stop()


@pytest.fixture(scope="session")
def servers(commands: Commands) -> Iterator[Servers]:
    servers = Servers(commands)
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def postgresql() -> Postgresql:
    """The run's cluster, for tests that are about PostgreSQL."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    return Postgresql.shared()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The test runs once on each."""
    return str(request.param)


@pytest.fixture
def cluster(database: str, request: pytest.FixtureRequest) -> Postgresql | None:
    """The cluster where `database` is PostgreSQL."""
    return request.getfixturevalue("postgresql") if database == "postgresql" else None


@pytest.fixture
def server(database: str, cluster: Postgresql | None, servers: Servers) -> Iterator[Server]:
    """A running server that other tests use too, each with its own tenant. Its clock may be moved, and has been."""
    yield from steady(servers.get(database, cluster, real_time=False))


@pytest.fixture
def real_time_server(database: str, cluster: Postgresql | None, servers: Servers) -> Iterator[Server]:
    """The same with the real time, for those who look at a clock of their own: browsers, other people's libraries."""
    yield from steady(servers.get(database, cluster, real_time=True))


def steady(server: Server) -> Iterator[Server]:
    """Whatever a test sends, the server must not stumble: an exception in its log fails the test."""
    before = len(server.logs())
    yield server
    assert server.stumbles(before) == []


class MakeServer(Protocol):
    def __call__(
        self, settings: Mapping[str, str] | None = None, *, migrated: bool = True, real_time: bool = False
    ) -> Server: ...


@pytest.fixture
def make_server(database: str, cluster: Postgresql | None, commands: Commands) -> Iterator[MakeServer]:
    """A server of the test's own, not started: `make_server({"WORKERS": "2"}).start()`."""
    made: list[Server] = []

    def make(settings: Mapping[str, str] | None = None, *, migrated: bool = True, real_time: bool = False) -> Server:
        maker: Callable[..., Server] = Server.make if migrated else Server.bare
        made.append(maker(database, commands, cluster, settings, real_time=real_time))
        return made[-1]

    yield make
    for server in made:
        server.throw_away()


@pytest.fixture
def tenant(server: Server) -> Tenant:
    """Acme, with Ada: new for each test."""
    return server.bootstrap(acme())


@pytest.fixture
def person(server: Server) -> Iterator[Person]:
    with Person(server) as person:
        yield person


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """A real browser; go to `real_time_server` with it."""
    executable = browser.chromium()
    if executable is None:
        pytest.skip("Chromium is not installed")
    with browser.launched(executable) as launched:
        yield launched
