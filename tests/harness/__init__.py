"""What tests stand on: a PostgreSQL cluster of their own, real servers, tenants, and people who walk the pages.

A test asks for fixtures (`tests/conftest.py`) and sees few names:

    def test_signing_in(tenant, person):
        arrival = person.authorize(tenant.application("web"), scope="openid")
        …

`tenant` lives on `server`, which is there once on SQLite and once on PostgreSQL; every test has a tenant of its own, so
servers are shared and quick. A test that moves the clock may do so there; one that needs the real time (a browser, a
library of others that looks at its own clock) asks for `real_time_server`.
"""

from tests.harness.application import Application
from tests.harness.bootstrap import Tenant, acme
from tests.harness.pages import Arrival, Form, Page
from tests.harness.person import Person
from tests.harness.postgresql import Cluster, Postgresql
from tests.harness.server import Server

__all__ = ["Application", "Arrival", "Cluster", "Form", "Page", "Person", "Postgresql", "Server", "Tenant", "acme"]
