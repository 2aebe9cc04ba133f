"""An issuer that says whatever a test wants: for tokens that SigID never makes, and APIs must refuse."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.util import urlsafe_b64encode

from tests.harness.bootstrap import AUDIENCE
from tests.interop.site import Asked, Given, serving

SUBJECT = "sub_somebody"


@dataclass
class Issuer:
    """Signs with `key`; what it lets arrive at a redirect URI are tokens whose `auth_time` is `signed_in_ago`."""

    url: str = ""
    tenant_id: str = "ten_1"
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "es", "alg": "ES256", "use": "sig"}))
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "rs", "alg": "RS256", "use": "sig"}))
    signed_in_ago: int = 0
    broken: str = ""  # a path that answers no more
    asked: list[Asked] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def access_token(
        self,
        *,
        header: dict[str, Any] | None = None,
        key: Key | None = None,
        without: str | None = None,
        **claims: Any,
    ) -> str:
        """A good access token, but for what is said."""
        content = self.claims() | claims
        if without is not None:
            del content[without]
        return sign({"alg": "ES256", "kid": "es", "typ": "at+jwt"} | (header or {}), content, key or self.key)

    def claims(self) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": SUBJECT,
            "sub_type": "user",
            "tenant_id": self.tenant_id,
            "client_id": "quickstart",
            "scope": "openid projects:read projects:delete",
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 600,
            "auth_time": now - self.signed_in_ago,
            "acr": "urn:sigid:acr:1fa",
        }

    def asked_to(self, path: str) -> list[dict[str, str]]:
        return [asked.parameters for asked in self.asked if asked.path == path]

    # What it answers

    def answer(self, asked: Asked) -> Given:
        self.asked.append(asked)
        match asked.path:
            case self.broken:
                return Given(status=500)
            case "/.well-known/openid-configuration":
                return _json(self._metadata())
            case "/jwks":
                return _json({"keys": [key.as_dict(private=False) for key in (self.key, self.rsa)]})
            case "/authorize":
                return self._authorize(asked.parameters)
            case "/token":
                return _json(self._tokens(self.codes.pop(asked.parameters["code"])))
            case "/userinfo":
                return _json({"sub": SUBJECT, "name": "Somebody", "email": "somebody@example.com"})
        return Given(status=404)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _authorize(self, parameters: dict[str, str]) -> Given:
        if "max_age" in parameters:
            self.signed_in_ago = 0  # the person signs in again
        code = secrets.token_urlsafe(16)
        self.codes[code] = parameters
        query = urlencode({"code": code, "state": parameters["state"], "iss": self.url})
        return Given(status=303, headers={"Location": f"{parameters['redirect_uri']}?{query}"})

    def _tokens(self, request: dict[str, str]) -> dict[str, Any]:
        identity = self.claims() | {"aud": request["client_id"], "nonce": request["nonce"]}
        return {
            "access_token": self.access_token(),
            "refresh_token": secrets.token_urlsafe(16),
            "id_token": sign({"alg": "RS256", "kid": "rs"}, identity, self.rsa),
            "token_type": "Bearer",
            "expires_in": 600,
        }


def sign(header: dict[str, Any], claims: dict[str, Any], key: Key) -> str:
    """A compact JWS of these claims, whatever they are."""
    header = {name: value for name, value in header.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    return jws.serialize_compact(header, json.dumps(claims).encode(), key, registry=registry)


def unsigned(claims: dict[str, Any]) -> str:
    """`alg: none`, by hand: libraries do it no more."""
    parts = ({"alg": "none", "typ": "at+jwt"}, claims)
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts) + "."


@contextmanager
def issuing() -> Iterator[Issuer]:
    issuer = Issuer()
    with serving(issuer.answer) as url:
        issuer.url = url
        yield issuer


def _json(value: object) -> Given:
    return Given(json.dumps(value), media_type="application/json")
