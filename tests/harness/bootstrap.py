"""Tenants for tests: what `sigid bootstrap` is given, and what it answers."""

import itertools
import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.application import Application

Yaml = dict[str, Any]

PASSWORD = "correct-horse-battery-staple"
CALLBACK = "http://localhost:3000/callback"
AUDIENCE = "https://api.example.com"

_places = itertools.count(1)
_run = secrets.token_hex(3)


def acme(**changes: Any) -> Yaml:
    """The tenant that most tests use: Ada, an API, a web application, a robot and an automation.

    Its slug and Ada's address are new at every call, so that tests share a server and not a person. Keyword arguments
    replace whole members.
    """
    place = f"{_run}-{next(_places)}"
    document: Yaml = {
        "tenant": {"slug": f"acme-{place}", "name": "Acme"},
        "users": [
            {
                "email": f"ada-{place}@example.com",
                "password": PASSWORD,
                "name": "Ada Lovelace",
                "roles": ["member"],
                "administrator": "owner",
                "email_verified": True,
            }
        ],
        "roles": {"member": ["projects:read"]},
        "apis": [
            {
                "audience": AUDIENCE,
                "name": "Projects",
                "scopes": {"projects:read": "See your projects", "projects:delete": "Delete your projects"},
            }
        ],
        "applications": [
            {
                "name": "web",
                "type": "web",
                "redirect_uris": [CALLBACK],
                "scopes": ["openid", "profile", "email", "offline_access", "projects:read"],
                "audiences": [AUDIENCE],
            },
            {"name": "robot", "type": "service", "scopes": ["projects:read"], "audiences": [AUDIENCE]},
            {"name": "automation", "type": "service", "scopes": ["users:read", "users:write"], "audiences": ["sigid"]},
        ],
        "initial_access_token": True,
    }
    return document | changes


@contextmanager
def yaml_file(document: Yaml) -> Iterator[Path]:
    """The document as a file (JSON is YAML)."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(document, file)
        file.flush()
        yield Path(file.name)


@dataclass(frozen=True)
class Tenant:
    """A tenant that `sigid bootstrap` made: `asked` is the document, `made` its answer."""

    issuer: str
    asked: Yaml
    made: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.made["tenant"]["id"])

    @property
    def slug(self) -> str:
        return str(self.made["tenant"]["slug"])

    @property
    def initial_access_token(self) -> str:
        return str(self.made["initial_access_token"])

    @property
    def email(self) -> str:
        """The first user's address (Ada's)."""
        return str(self.asked["users"][0]["email"])

    @property
    def password(self) -> str:
        """The first user's password."""
        return str(self.asked["users"][0]["password"])

    def user(self, email: str | None = None) -> dict[str, Any]:
        """What bootstrap said of a user: `id`, `sub`, `administrator_id`."""
        wanted = email or self.email
        return next(user for user in self.made["users"] if user["email"] == wanted)

    def application(self, name: str) -> Application:
        asked = next(application for application in self.asked["applications"] if application["name"] == name)
        made = next(application for application in self.made["applications"] if application["name"] == name)
        default = {"spa": "none", "native": "none"}.get(asked["type"], "client_secret_basic")
        return Application(
            issuer=self.issuer,
            id=made["id"],
            client_id=made["client_id"],
            client_secret=made["client_secret"] or asked.get("client_secret"),
            redirect_uri=next(iter(asked.get("redirect_uris", ())), ""),
            method=asked.get("token_endpoint_auth_method", default),
        )
