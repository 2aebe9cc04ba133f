"""One tenant a server for attacks that leave it as it was, and a new one for those that change it."""

from collections.abc import Iterator

import pytest

from tests.attacks.scene import Scene, make
from tests.harness import Server

_scenes: dict[str, Scene] = {}


@pytest.fixture
def scene(server: Server) -> Scene:
    """Shared by tests: nothing of it may be ended for good."""
    if server.issuer not in _scenes:
        _scenes[server.issuer] = make(server)
    return _scenes[server.issuer]


@pytest.fixture
def fresh(server: Server) -> Iterator[Scene]:
    """The test's own."""
    made = make(server)
    yield made
    made.person.browser.close()
