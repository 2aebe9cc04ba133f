"""Access tokens (RFC 9068): made with a record of each, verified by signature, and judged by what is alive now.

A signature says what was true when a token was made. UserInfo, introspection and revocation also read its record with
everything that it depends on, in one query (`status`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, select, update

from sigid.kernel import clock, ids
from sigid.kernel.database import NOW, Look, Row, Use, append, param, statement
from sigid.kernel.errors import InvalidToken
from sigid.kernel.events import Event
from sigid.kernel.ids import TenantId
from sigid.tokens import keys, liveness
from sigid.tokens.tables import grant, signing_key, token_record

TYP: Final = "at+jwt"
_JTI: Final = "tok"

_r, _g, _k = token_record.c, grant.c, signing_key.c
_THIS = (_r.tenant_id == param("tenant_id", _r.tenant_id), _r.id == param("id", _r.id))
_APPEND = append(token_record)
_STATUS = statement(
    "token_record.status",
    select(
        _r.grant_id, _r.application_id, _r.tenant_user_id, _r.sid, _r.audience, _r.scope, _r.expires_at,
        _r.revoked_at, _g.ended_at.label("grant_ended_at"), _g.claims.label("grant_claims"),
        _k.id.label("known_key_id"), _k.revoked_at.label("key_revoked_at"), *liveness.COLUMNS,
    )
    .select_from(
        liveness.joined(
            token_record.outerjoin(grant, and_(_g.tenant_id == _r.tenant_id, _g.id == _r.grant_id)).outerjoin(
                signing_key, _k.id == _r.key_id
            ),
            token_record,
            application_id=_r.application_id,
            user_id=_r.tenant_user_id,
            sid=_r.sid,
        )
    )
    .where(*_THIS),
)  # fmt: skip
_REVOKE = statement(
    "token_record.revoke", update(token_record).where(*_THIS, _r.revoked_at.is_(None)).values(revoked_at=NOW)
)


@dataclass(frozen=True, slots=True)
class Minted:
    """A new access token."""

    text: str
    jti: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token of ours whose signature and times are good."""

    claims: Mapping[str, Any]

    @property
    def jti(self) -> str:
        """Its own id, and its record's."""
        return str(self.claims["jti"])

    @property
    def tenant_id(self) -> TenantId:
        """The tenant whose it is. A token of the account or of an operator has none: it opens no tenant's door."""
        tenant_id = self.claims.get("tenant_id")
        if not ids.is_id("ten", tenant_id):
            raise InvalidToken("token_without_tenant")
        return TenantId(str(tenant_id))

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it allows."""
        return tuple(str(self.claims.get("scope", "")).split())


@dataclass(frozen=True, slots=True)
class Status:
    """What is true of a token now. `dead_because`: a private reason; None while it lives."""

    dead_because: str | None
    client_id: str
    application_id: str
    audience: str
    scope: str
    grant_id: str | None
    tenant_user_id: str | None
    grant_claims: Mapping[str, Any]


def mint(
    tx: Use,
    *,
    issuer: str,
    alg: str,
    audience: str,
    client_id: str,
    application_id: str,
    sub: str,
    sub_type: str,
    scope: Sequence[str],
    life: timedelta,
    grant_id: str | None = None,
    tenant_user_id: str | None = None,
    sid: str | None = None,
    auth_time: datetime | None = None,
    acr: str | None = None,
    amr: Sequence[str] = (),
    roles: Sequence[str] = (),
) -> Minted:
    """Sign an access token and append its record to the unit: there is none without the other."""
    issued_at, key = int(tx.now.timestamp()), keys.ring().signer(alg, tx.now.timestamp())
    jti = ids.new_id(_JTI)
    seconds = int(life.total_seconds())
    scopes = " ".join(scope)
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": sub,
        "aud": audience,
        "client_id": client_id,
        "iat": issued_at,
        "exp": issued_at + seconds,
        "jti": jti,
        "scope": scopes,
        "tenant_id": tx.tenant_id,
        "sub_type": sub_type,
    }
    if auth_time is not None:
        claims["auth_time"] = int(auth_time.timestamp())
    where_they_apply = {"acr": acr, "amr": list(amr), "sid": sid, "roles": list(roles)}
    claims |= {name: value for name, value in where_they_apply.items() if value}
    tx.append(
        _APPEND,
        id=jti,
        grant_id=grant_id,
        application_id=application_id,
        tenant_user_id=tenant_user_id,
        sid=sid,
        audience=audience,
        scope=scopes,
        key_id=key.id,
        issued_at=tx.now,
        expires_at=tx.now + life,
        revoked_at=None,
    )
    return Minted(key.sign(TYP, claims), jti, seconds)


async def verify(text: str, issuer: str) -> AccessToken:
    """The token that the text is, if we signed it and its time has not passed; whether it still lives says `status`.

    The caller compares `aud` with its own. Raises InvalidToken.
    """
    claims = await keys.verified(text, TYP)
    now = clock.timestamp()
    if claims.get("iss") != issuer:
        raise InvalidToken("token_of_another_issuer")
    if not keys.is_time(claims.get("exp")) or claims["exp"] <= now:
        raise InvalidToken("token_expired")
    if not keys.is_time(claims.get("iat")) or claims["iat"] > now + keys.SKEW:
        raise InvalidToken("token_of_the_future")
    for name in ("jti", "sub", "aud", "client_id", "scope"):
        if not isinstance(claims.get(name), str):
            raise InvalidToken("token_claims_malformed")
    return AccessToken(claims)


async def status(tx: Look, jti: str) -> Status | None:
    """What is true of an access token of this tenant now; None for an unknown one, or one whose client is gone."""
    row = await tx.one(_STATUS, id=jti)
    if row is None:
        return None
    return Status(
        _dead_because(row, tx.now), row.client_id, row.application_id, row.audience, row.scope, row.grant_id,
        row.tenant_user_id, row.grant_claims or {},
    )  # fmt: skip


async def revoke(tx: Use, jti: str) -> bool:
    """End this one token (RFC 7009). False: it had ended before."""
    if await tx.run(_REVOKE, id=jti) == 0:
        return False
    tx.record(Event("token.revoked", "token", jti))
    return True


def _dead_because(row: Row, now: datetime) -> str | None:
    if row.revoked_at is not None:
        return "token_revoked"
    if row.expires_at <= now:
        return "token_expired"
    if row.known_key_id is None or row.key_revoked_at is not None:
        return "signing_key_revoked"
    if row.grant_ended_at is not None:
        return "grant_ended"
    if row.sid is not None and liveness.session_of(row) is None:
        return "session_ended"
    return liveness.refusal(row)
