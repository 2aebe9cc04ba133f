"""Who takes part in every benchmark: one API, a service, a web application and as many people as there are connections.

SigID and the peer are set up with the same ones, so that the requests to both are the same bytes but for the tokens.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property

API = "https://api.example.com"
API_SCOPES = {"projects:read": "See your projects", "projects:write": "Change your projects"}
CALLBACK = "http://127.0.0.1:8199/callback"  # nobody listens: the load generator reads the code from the redirect
WEB_SCOPE = "openid profile email offline_access projects:read"


@dataclass(frozen=True)
class Person:
    email: str
    password: str
    name: str


@dataclass(frozen=True)
class Client:
    id: str
    secret: str

    @cached_property
    def basic(self) -> str:
        """Its `Authorization` header; ids and secrets here have nothing that RFC 6749 section 2.3.1 would encode."""
        return "Basic " + base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()


@dataclass(frozen=True)
class Scene:
    people: tuple[Person, ...]
    service: Client
    web: Client
    verifier: str

    @property
    def challenge(self) -> str:
        """PKCE S256 (RFC 7636 section 4.2)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def make_scene(people: int) -> Scene:
    return Scene(
        people=tuple(
            Person(f"person{n}@bench.example", f"{secrets.token_hex(12)} rides again", f"Person {n}")
            for n in range(people)
        ),
        service=Client("bench-service", secrets.token_hex(32)),
        web=Client("bench-web", secrets.token_hex(32)),
        verifier=secrets.token_urlsafe(48),
    )
