"""Client authentication (RFC 6749 section 2.3, RFC 7523 section 2.2, OpenID Connect Core section 9).

A client proves who it is by the one method that it registered, and by one method in a request. What is refused is
`invalid_client` whatever the reason; only to whoever showed the right secret by the wrong method the answer says which
method is registered. An unknown client costs as much as a wrong secret.

Failures are counted by client and network. A generated secret has 256 bits, so it is judged even while tries are held
back; a secret that somebody chose is not, and so cannot be guessed by trying.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from urllib.parse import unquote_plus

from sigid import applications
from sigid.applications import SECRET_METHODS, Application, Found, secrets
from sigid.kernel import callers, clock, jws, throttles
from sigid.kernel.callers import Caller, Origin
from sigid.kernel.database import change, use
from sigid.kernel.errors import InvalidClient, InvalidRequest
from sigid.kernel.events import Event
from sigid.kernel.jws import Jws
from sigid.kernel.throttles import Counter
from sigid.kernel.web import Form, Request
from sigid.oauth.client_keys import client_keys
from sigid.tenants import Tenant
from sigid.tokens import is_time, replays

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE: Final = 600
SKEW: Final = 60
_LARGEST_HEADER: Final = 8 * 1024
_LONGEST_JTI: Final = 512
_TYPES: Final = (None, "JWT", "client-authentication+jwt")

_GENERATED: Final = 64  # characters, at least
_FREE_TRIES: Final = 20
_FREE_TRIES_OF_NETWORK: Final = 200


@dataclass(frozen=True, slots=True)
class Client:
    """An application that is what it says it is. A public one has said so and proved nothing."""

    found: Found
    caller: Caller

    @property
    def application(self) -> Application:
        """Its settings as of this request."""
        return self.found.application

    @property
    def tenant(self) -> Tenant:
        """The tenant that it belongs to, and with it all that it gets."""
        return self.found.tenant

    @property
    def id(self) -> str:
        """Its `client_id`."""
        return self.found.application.client_id


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a request shows: who it says it is, by which method, and the proof."""

    client_id: str
    method: str
    secret: tuple[str, ...] = ()
    assertion: Jws | None = None
    claims: Mapping[str, Any] | None = None


async def authenticate(request: Request, form: Form) -> Client:
    """The client that sent this request. Raises InvalidClient, InvalidRequest, Throttled."""
    if request.scope["query_string"]:  # RFC 6749 section 2.3.1: never in the request URI
        raise InvalidRequest("parameters_in_query", "Parameters belong in the body.")
    client = await identify(form, request.headers("authorization"), request.issuer, request.origin)
    request.tenant_id, request.client_id = client.tenant.id, client.id  # type: ignore[attr-defined]
    request.client_origins = client.application.browser_origins  # type: ignore[attr-defined]
    return client


async def identify(form: Form, authorization: Sequence[str], issuer: str, origin: Origin) -> Client:
    """The same, of a request's parts."""
    form.refuse_repeated()
    shown = _read(form, authorization)
    found = await applications.find(shown.client_id, origin)
    try:
        proved = await _judge(shown, found, issuer, origin)
    except InvalidClient as refused:
        await _refuse(refused, shown, found, origin)
    return Client(proved, proved.caller(origin))


async def _judge(shown: _Shown, found: Found | None, issuer: str, origin: Origin) -> Found:
    if shown.secret:
        await _judge_secret(shown, found, origin)
    elif shown.assertion is not None:
        await _judge_assertion(shown, found, issuer, origin)
    elif found is not None and not found.application.public:
        raise InvalidClient("client_authentication_missing")
    if found is None or not found.active:
        raise InvalidClient("client_not_active" if found else "client_unknown")
    return found


def _read(form: Form, authorization: Sequence[str]) -> _Shown:
    """Which method was used: exactly one (RFC 6749 section 2.3)."""
    basic, secret = bool(authorization), form.get("client_secret")
    asserted = form.get("client_assertion") or form.get("client_assertion_type")
    if sum((basic, secret is not None, asserted is not None)) > 1:
        raise InvalidRequest("client_methods_two", "A client authenticates by one method in a request.")
    named = form.get("client_id")
    if basic:
        shown = _read_basic(authorization)
    elif asserted is not None:
        shown = _read_assertion(form.get("client_assertion"), form.get("client_assertion_type"))
    elif named is None:
        raise InvalidClient("client_authentication_missing")
    else:
        method = "none" if secret is None else "client_secret_post"
        return _Shown(named, method, (secret,) if secret is not None else ())
    if named is not None and named != shown.client_id:
        raise InvalidClient("client_id_differs")
    return shown


def _read_basic(authorization: Sequence[str]) -> _Shown:
    """RFC 7617, with both parts form-encoded (RFC 6749 section 2.3.1); many libraries don't, so both readings count."""
    if len(authorization) > 1:
        raise InvalidClient("authorization_repeated")
    scheme, _, credentials = authorization[0].partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("authorization_scheme_unknown")
    if len(credentials) > _LARGEST_HEADER:
        raise InvalidClient("basic_too_large")
    try:
        text = base64.b64decode(credentials.strip(" "), validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidClient("basic_malformed") from None
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id:
        raise InvalidClient("basic_malformed")
    return _Shown(unquote_plus(client_id), "client_secret_basic", tuple(dict.fromkeys((unquote_plus(secret), secret))))


def _read_assertion(text: str | None, kind: str | None) -> _Shown:
    """RFC 7521 section 4.2. What the assertion says of its client is believed only once its signature is good."""
    if text is None or kind != ASSERTION_TYPE:
        raise InvalidClient("assertion_type_unknown")
    if len(text) > jws.LARGEST:
        raise InvalidRequest("assertion_too_large", "The assertion is too large.")
    try:
        assertion = jws.parse(text)
        claims = assertion.claims()
    except jws.Malformed as malformed:
        raise InvalidClient(malformed.reason) from None
    if assertion.header.get("typ") not in _TYPES:
        raise InvalidClient("assertion_typ_wrong")
    subject = claims.get("sub")
    if not isinstance(subject, str) or claims.get("iss") != subject:
        raise InvalidClient("assertion_iss_not_sub")
    return _Shown(subject, "private_key_jwt", assertion=assertion, claims=claims)


async def _judge_secret(shown: _Shown, found: Found | None, origin: Origin) -> None:
    if not all(len(text) >= _GENERATED and text.startswith(f"{secrets.PREFIX}_") for text in shown.secret):
        await throttles.refuse_held(callers.anyone(origin), _counters(shown.client_id, origin)[0])
    stored = found.application.secrets if found is not None else ()
    matched = [secrets.match(stored, text, clock.now()) for text in shown.secret]  # each, so that time tells nothing
    if found is None or not any(matched):
        raise InvalidClient("client_secret_wrong" if found else "client_unknown")
    registered = found.application.token_endpoint_auth_method
    if registered != shown.method:
        told = registered if registered in SECRET_METHODS else f"{registered}, not by a secret"
        raise InvalidClient("client_method_wrong", f"This client authenticates by {told}.")


async def _judge_assertion(shown: _Shown, found: Found | None, issuer: str, origin: Origin) -> None:
    if found is None:
        raise InvalidClient("client_unknown")
    if found.application.token_endpoint_auth_method != "private_key_jwt":  # noqa: S105 (a method's name)
        raise InvalidClient("client_method_wrong")
    claims, expires_at = shown.claims or {}, _judge_claims(shown.claims or {}, issuer)
    if shown.assertion is None or not await client_keys().verify(found.application, shown.assertion):
        raise InvalidClient("assertion_signature_wrong")
    if not await replays.first_use(found.caller(origin), found.application.id, claims["jti"], expires_at):
        raise InvalidClient("assertion_replayed")


def _judge_claims(claims: Mapping[str, Any], issuer: str) -> datetime:
    """RFC 7523 section 3, and our bounds. When it expires."""
    if claims.get("aud") not in (issuer, f"{issuer}/oauth/token") or not isinstance(claims["aud"], str):
        raise InvalidClient("assertion_aud_wrong")  # one string: an array may name another server too
    now, expires = clock.timestamp(), claims.get("exp")
    if not is_time(expires) or expires <= now:
        raise InvalidClient("assertion_expired")
    if expires > now + LONGEST_LIFE:
        raise InvalidClient("assertion_life_too_long")
    for name in ("iat", "nbf"):
        if name in claims and (not is_time(claims[name]) or claims[name] > now + SKEW):
            raise InvalidClient("assertion_of_the_future")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise InvalidClient("assertion_jti_missing")
    return datetime.fromtimestamp(expires, UTC)


def _counters(client_id: str, origin: Origin) -> tuple[Counter, Counter]:
    network = throttles.network(origin.ip)
    return (
        Counter.of(_FREE_TRIES, "client", client_id, network),
        Counter.of(_FREE_TRIES_OF_NETWORK, "clients", network),
    )


async def _refuse(refused: InvalidClient, shown: _Shown, found: Found | None, origin: Origin) -> NoReturn:
    """Count the failure, tell the tenant of it, and refuse; 429 once there were too many.

    The tenant is told after the answer, so that its time does not say whether there is such a client.
    """
    everybody = callers.anyone(origin)
    await throttles.count(everybody, _counters(shown.client_id, origin))
    if found is not None:
        event = Event(
            "auth.client.refused", "application", found.application.id, reason=refused.reason, outcome="denied"
        )
        caller = callers.in_tenant(found.tenant.id, callers.ANONYMOUS, origin)

        async def tell() -> None:
            async with change(caller) as tx:
                tx.record(event)

        async with use(everybody) as tx:
            tx.after(tell)
    raise refused
