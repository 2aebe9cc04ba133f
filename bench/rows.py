"""The rows of the results table: what is asked of a server, and what SigID aims at.

An aim is a multiple of what the yardstick does in the same run: node-oidc-provider in memory or, for the password
sign-in, as many argon2id hashes as the machine makes in a second.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bench import generator, scene
from bench.generator import Job, Request, Result
from bench.servers import DISCOVERY
from bench.target import Target

PEER = "peer"
ARGON2 = "argon2"


def _nothing(_target: Target, _result: Result) -> None:
    """Most rows leave nothing behind that the next measurement needs."""


@dataclass(frozen=True)
class Row:
    key: str
    title: str
    make_job: Callable[[Target, float], Job]  # the seconds say how much must be made beforehand
    aims: Mapping[str, float]  # by target
    yardstick: str = PEER
    p99_aim_ms: float | None = None
    afterwards: Callable[[Target, Result], None] = field(default=_nothing)


def client_credentials(target: Target, _seconds: float) -> Job:
    request = target.form(
        "token_endpoint",
        target.scene.service,
        grant_type="client_credentials",
        scope="projects:read",
        resource=scene.API,
    )
    return replace(target.job("repeat", [request]), expect='"access_token"')


def introspection(target: Target, _seconds: float) -> Job:
    request = target.form("introspection_endpoint", target.scene.service, token=target.service_token())
    return replace(target.job("repeat", [request]), expect='"active":true')


def userinfo(target: Target, _seconds: float) -> Job:
    path = target.path("userinfo_endpoint")
    requests = [Request("GET", path, {"Authorization": f"Bearer {token}"}) for token in target.user_tokens()]
    return replace(target.job("repeat", requests), expect='"sub"')


def refresh(target: Target, _seconds: float) -> Job:
    request = target.form(
        "token_endpoint", target.scene.web, grant_type="refresh_token", refresh_token="{}", resource=scene.API
    )
    return replace(target.job("refresh", [request]), values=target.refresh_tokens)


def _keep_chains(target: Target, result: Result) -> None:
    target.refresh_tokens = result.values


def exchange(target: Target, seconds: float) -> Job:
    """Codes are made first, with the people's sessions; they live for 60 seconds."""
    codes = generator.run(target.authorize().lasting(0, 1.2 * seconds)).values
    return replace(target.job("exchange", [target.exchange(resource=scene.API)]), values=codes)


def authorization(target: Target, _seconds: float) -> Job:
    return target.authorize()


def discovery(target: Target, _seconds: float) -> Job:
    return replace(target.job("repeat", [Request("GET", DISCOVERY)]), expect='"issuer"')


def jwks(target: Target, _seconds: float) -> Job:
    return replace(target.job("repeat", [Request("GET", target.path("jwks_uri"))]), expect='"keys"')


def sign_in(target: Target, _seconds: float) -> Job:
    return target.sign_in()


ROWS = (
    Row(
        "client_credentials",
        "client_credentials, with its record",
        client_credentials,
        {"sqlite": 1.5, "postgresql": 1.5},
        p99_aim_ms=25,
    ),
    Row("introspection", "introspection", introspection, {"sqlite": 1.2, "postgresql": 1.2}, p99_aim_ms=25),
    Row("userinfo", "userinfo", userinfo, {"sqlite": 1.15, "postgresql": 1.15}, p99_aim_ms=25),
    Row("refresh", "refresh, rotating", refresh, {"sqlite": 1.0, "postgresql": 0.8}, afterwards=_keep_chains),
    Row("exchange", "code exchange", exchange, {"sqlite": 1.0, "postgresql": 0.8}),
    Row("authorization", "authorization with a session", authorization, {"sqlite": 0.7, "postgresql": 0.6}),
    Row("discovery", "discovery", discovery, {"sqlite": 2.0, "postgresql": 2.0}),
    Row("jwks", "JWKS", jwks, {"sqlite": 2.0, "postgresql": 2.0}),
    Row("signin", "password sign-in", sign_in, {"sqlite": 0.9, "postgresql": 0.9}, yardstick=ARGON2),
)

QUICK = ("client_credentials", "userinfo", "refresh", "exchange", "signin")
