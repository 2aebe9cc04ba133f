"""ID tokens (OpenID Connect Core section 2): made for one client, and shown to us again only as a hint."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sigid.kernel import jws
from sigid.kernel.errors import InvalidToken
from sigid.tokens import keys

TYP: Final = "JWT"


@dataclass(frozen=True, slots=True)
class Hint:
    """What an ID token of ours says, perhaps long ago."""

    sub: str
    client_id: str
    sid: str | None
    tenant_id: str | None


def mint(
    *,
    issuer: str,
    alg: str,
    client_id: str,
    tenant_id: str,
    sub: str,
    now: datetime,
    life: timedelta,
    auth_time: datetime | None,
    nonce: str | None = None,
    acr: str | None = None,
    amr: Sequence[str] = (),
    sid: str | None = None,
    access_token: str | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """Sign an ID token. `claims`: those that the `claims` parameter asked for in it and that are allowed."""
    issued_at = int(now.timestamp())
    made: dict[str, Any] = {
        **(claims or {}),
        "iss": issuer,
        "sub": sub,
        "aud": client_id,
        "iat": issued_at,
        "exp": issued_at + int(life.total_seconds()),
        "tenant_id": tenant_id,
    }
    if auth_time is not None:
        made["auth_time"] = int(auth_time.timestamp())
    if access_token is not None:
        made["at_hash"] = _half_hash(alg, access_token)
    where_they_apply = {"nonce": nonce, "acr": acr, "amr": list(amr), "sid": sid}
    made |= {name: value for name, value in where_they_apply.items() if value}
    return keys.ring().signer(alg, now.timestamp()).sign(TYP, made)


async def hint(text: str, issuer: str) -> Hint:
    """Read an `id_token_hint`: one of ours, by signature; an expired one too. Raises InvalidToken."""
    claims = await keys.verified(text, TYP)
    sub, client_id, sid, tenant_id = (claims.get(name) for name in ("sub", "aud", "sid", "tenant_id"))
    if claims.get("iss") != issuer:
        raise InvalidToken("hint_of_another_issuer")
    if not isinstance(sub, str) or not isinstance(client_id, str) or not keys.is_time(claims.get("iat")):
        raise InvalidToken("hint_claims_malformed")
    return Hint(
        sub, client_id, sid if isinstance(sid, str) else None, tenant_id if isinstance(tenant_id, str) else None
    )


def _half_hash(alg: str, text: str) -> str:
    """Section 3.1.3.6: the left half of the hash that the algorithm uses (Ed25519 uses SHA-512, RFC 8032)."""
    hashed = hashlib.sha512(text.encode()).digest() if alg == "EdDSA" else hashlib.sha256(text.encode()).digest()
    return jws.encode(hashed[: len(hashed) // 2]).decode()
