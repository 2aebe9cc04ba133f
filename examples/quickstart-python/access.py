"""Who may use a route of an API: the checks of an access token, in SigID's order, each of which refuses when in doubt.

The token is a JWT access token (RFC 9068), used as a bearer token (RFC 6750). A refusal says in `WWW-Authenticate` what
is missing, also where a fresh sign-in would help (RFC 9470).
"""

import time
from dataclasses import dataclass
from typing import Any

import httpx2
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

SKEW = 60  # seconds that two clocks may differ
ASSURANCE = ["urn:sigid:acr:anonymous", "urn:sigid:acr:1fa", "urn:sigid:acr:mfa", "urn:sigid:acr:phr"]


@dataclass(frozen=True)
class Rule:
    """What a route demands, as one declaration."""

    scope: str
    subjects: frozenset[str] = frozenset({"user"})
    delegation: bool = False  # may an agent act for the user?
    acr: str | None = None  # a user's sign-in must be at least this strong,
    fresh_within: int | None = None  # and at most so many seconds ago


@dataclass(frozen=True)
class Token:
    """A token that this issuer made for this API, and that has not expired. What it may do is still to be judged."""

    claims: dict[str, Any]

    @property
    def sub(self) -> str:
        return str(self.claims["sub"])

    @property
    def tenant_id(self) -> str:
        return str(self.claims["tenant_id"])

    @property
    def scopes(self) -> set[str]:
        return set(self.claims["scope"].split())


class AccessError(Exception):
    """A refusal, told as RFC 6750 section 3 has it."""

    def __init__(self, status: int, error: str | None = None, description: str = "", **parameters: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.parameters = {"error": error, "error_description": description, **parameters} if error else {}

    def response(self) -> Response:
        challenge = ", ".join(f'{name}="{value}"' for name, value in self.parameters.items())
        headers = {"WWW-Authenticate": f"Bearer {challenge}".strip()} if self.status in (401, 403) else {}
        return JSONResponse({"error": self.error or "token_missing"}, self.status, headers)


class Verifier:
    """Knows the issuer, this API's own name, and the one algorithm that its tokens are signed with."""

    def __init__(self, issuer: str, audience: str, algorithm: str = "ES256") -> None:
        self._issuer, self._audience, self._algorithm = issuer, audience, algorithm
        self._keys = _Keys(issuer)

    async def token(self, request: Request) -> Token:
        """Steps 1 to 4. Raises AccessError."""
        text = _bearer(request)  # 1. one token, well formed
        claims = await self._signed(text)  # 2. signature, algorithm, type
        self._check_claims(claims)  # 3. issuer, audience, times
        if "cnf" in claims:  # 4. bound to a key, and we know no way to see that the caller has it
            raise AccessError(401, "invalid_token", "The token is bound to a key.")
        return Token(claims)

    async def _signed(self, text: str) -> dict[str, Any]:
        try:
            header = jws.extract_compact(text.encode()).headers()
            if header.get("alg") != self._algorithm:
                raise AccessError(401, "invalid_token", "The algorithm is not the one of this API.")
            if str(header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
                raise AccessError(401, "invalid_token", "This is not an access token.")
            key = await self._keys.find(str(header.get("kid")))
            return jwt.decode(text, key, algorithms=[self._algorithm]).claims
        except (JoseError, ValueError) as error:
            raise AccessError(401, "invalid_token", "The token is not genuine.") from error

    def _check_claims(self, claims: dict[str, Any]) -> None:
        texts = ("iss", "aud", "sub", "client_id", "jti", "scope", "tenant_id", "sub_type")
        if any(not isinstance(claims.get(name), str) for name in texts):
            raise AccessError(401, "invalid_token", "A claim is missing.")
        if claims["iss"] != self._issuer:
            raise AccessError(401, "invalid_token", "The token is another issuer's.")
        if claims["aud"] != self._audience:
            raise AccessError(401, "invalid_token", "The token is for another API.")
        now = time.time()
        expires, begins = claims.get("exp"), claims.get("nbf", 0)
        if not _is_time(expires) or now >= expires + SKEW:
            raise AccessError(401, "invalid_token", "The token has expired.")
        if not _is_time(begins) or now < begins - SKEW:
            raise AccessError(401, "invalid_token", "The token is not valid yet.")


def allow(rule: Rule, token: Token, tenant_id: str) -> None:
    """Steps 5 to 8, for a resource of this tenant. Raises AccessError."""
    if token.tenant_id != tenant_id:  # 5. the tenant: told as a resource that does not exist
        raise AccessError(404, "not_found", "No such resource.")
    if token.claims["sub_type"] not in rule.subjects:  # 6. the kind of subject, and who acts for it
        raise AccessError(403, "access_denied", "This kind of subject may not do this.")
    delegated = "act" in token.claims
    if delegated and not (rule.delegation and isinstance(token.claims.get("delegation_id"), str)):
        raise AccessError(403, "access_denied", "Nobody may do this for somebody else without a delegation.")
    if rule.scope not in token.scopes:  # 7. the scope
        raise AccessError(403, "insufficient_scope", "The token lacks a scope.", scope=rule.scope)
    if not delegated:  # 8. how the person signed in, and when; a delegation was given by such a sign-in
        _check_sign_in(rule, token.claims)


def _check_sign_in(rule: Rule, claims: dict[str, Any]) -> None:
    """RFC 9470: the challenge says which sign-in would do."""
    wanted = {}
    if rule.acr is not None and _strength(claims.get("acr")) < ASSURANCE.index(rule.acr):
        wanted["acr_values"] = rule.acr
    if rule.fresh_within is not None:
        at = claims.get("auth_time")
        if not _is_time(at) or not at - SKEW <= time.time() <= at + rule.fresh_within:
            wanted["max_age"] = str(rule.fresh_within)
    if wanted:
        raise AccessError(401, "insufficient_user_authentication", "Sign in again for this.", **wanted)


def _bearer(request: Request) -> str:
    sent = request.headers.getlist("Authorization")
    if not sent:
        raise AccessError(401)  # RFC 6750 section 3.1: who sent none is told no error
    scheme, _, text = sent[0].partition(" ")
    if len(sent) != 1 or scheme.lower() != "bearer" or text.count(".") != 2 or len(text) > 8192:
        raise AccessError(401, "invalid_token", "Send one bearer token.")
    return text


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _strength(acr: object) -> int:
    return ASSURANCE.index(acr) if acr in ASSURANCE else -1


class _Keys:
    """The issuer's keys, read again after five minutes, and for a `kid` that is new (at most every ten seconds)."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys: dict[str, Key] = {}
        self._read_at = float("-inf")

    async def find(self, kid: str) -> Key:
        age = time.monotonic() - self._read_at
        if age > 300 or (kid not in self._keys and age > 10):
            await self._read()
        if kid not in self._keys:
            raise AccessError(401, "invalid_token", "The token's key is unknown.")
        return self._keys[kid]

    async def _read(self) -> None:
        try:
            async with httpx2.AsyncClient() as http:
                metadata = await _json(http, f"{self._issuer}/.well-known/openid-configuration")
                found = await _json(http, metadata["jwks_uri"])
            keys = {key.kid: key for key in KeySet.import_key_set(found).keys if key.kid}
        except (httpx2.HTTPError, JoseError, ValueError, KeyError) as error:  # no keys, no access
            raise AccessError(503, "temporarily_unavailable", "The issuer's keys cannot be read.") from error
        if metadata["issuer"] != self._issuer:
            raise AccessError(503, "temporarily_unavailable", "The metadata is another issuer's.")
        self._keys, self._read_at = keys, time.monotonic()


async def _json(http: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    return (await http.get(url)).raise_for_status().json()
