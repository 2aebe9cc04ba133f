"""The JWK set (RFC 7517 section 5)."""

from sigid.kernel.web import NOSNIFF, Request, Response
from sigid.tokens import keys

_CACHE = (b"cache-control", f"public, max-age={keys.JWKS_MAX_AGE}".encode())
_TYPE = (b"content-type", b"application/jwk-set+json")


async def answer(_: Request) -> Response:
    """Every key that verifies: next, current, retiring."""
    return Response(200, keys.jwks(), [_TYPE, _CACHE, NOSNIFF])
