"""Visitors at real browsers, and the application that sends them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.application import Application, application
from tests.browser.visitor import Visitor


@pytest.fixture
def app(real_time_server) -> Iterator[Application]:
    with application(real_time_server) as made:
        yield made


@pytest.fixture
def new_visitor(real_time_server, chromium) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors, each with a browser of their own; none may have heard a complaint of the browser."""
    made: list[Visitor] = []

    def make(server: Any = real_time_server, **options: Any) -> Visitor:
        context = chromium.new_context(**{"locale": "en", **options})
        context.set_default_timeout(20_000)
        made.append(Visitor.at(server, context))
        return made[-1]

    yield make
    for visitor in made:
        visitor.context.close()
        assert visitor.complaints == []


@pytest.fixture
def visitor(new_visitor) -> Visitor:
    made: Visitor = new_visitor()
    return made
