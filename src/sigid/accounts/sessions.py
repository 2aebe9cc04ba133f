"""Sessions: opaque handles in a cookie, digests at rest; idle and absolute limits; proofs that say what they count for.

A session is the account's. Each proof in it (a password, a code by mail) carries the scope in which it is trusted: null
everywhere, or one tenant. Several accounts may be signed in side by side: their handles stand in one cookie, the active
one first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update

from sigid.accounts.activity import Own
from sigid.accounts.tables import account, address, session, session_tenant
from sigid.kernel import callers
from sigid.kernel.callers import Origin
from sigid.kernel.database import NOW, Look, Use, append, look, param, statement, upsert
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId, new_id
from sigid.kernel.secrets import Handle

PREFIX: Final = "sigid_ss"
MOST_ACCOUNTS: Final = 5
ACR_1FA: Final = "urn:sigid:acr:1fa"
_AMR: Final[Mapping[str, str]] = {"password": "pwd", "email_code": "otp"}
_TOUCH_EVERY: Final = timedelta(minutes=1)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_LONGEST_USER_AGENT: Final = 400

_s, _a, _m, _x = session.c, account.c, address.c, session_tenant.c
_MINE = (_s.account_id == param("account_id", _s.account_id), _s.id == param("id", _s.id))
_APPEND = append(session)
_FIND = statement(
    "session.find",
    select(
        _s.id,
        _s.account_id,
        _s.created_at,
        _s.last_used_at,
        _s.expires_at,
        _s.ended_at,
        _s.proofs,
        _a.status,
        _a.name,
        _m.text.label("email"),
        _m.lookup.label("email_lookup"),
        _m.verified_at,
    )
    .join_from(session, account, _a.account_id == _s.account_id)
    .outerjoin(address, (_m.account_id == _s.account_id) & _m.is_primary.is_(True))
    .where(_s.account_id == param("account_id", _s.account_id), _s.digest == param("digest", _s.digest)),
)
_GO_ON = statement(
    "session.go_on",
    update(session)
    .where(*_MINE, _s.digest == param("before", _s.digest), _s.ended_at.is_(None), _s.expires_at > NOW)
    .values(digest=param("digest", _s.digest), proofs=param("proofs", _s.proofs), last_used_at=NOW),
)
_TOUCH = statement("session.touch", update(session).where(*_MINE).values(last_used_at=NOW))
_END = statement(
    "session.end",
    update(session)
    .where(*_MINE, _s.ended_at.is_(None))
    .values(ended_at=NOW, ended_because=param("because", _s.ended_because)),
)
_LIVE = statement(
    "session.live",
    select(_s.id, _s.created_at, _s.last_used_at, _s.ip, _s.user_agent).where(
        _s.account_id == param("account_id", _s.account_id), _s.ended_at.is_(None), _s.expires_at > NOW
    ),
)
_SID = statement(
    "session_tenant.find",
    select(_x.sid).where(
        _x.account_id == param("account_id", _x.account_id),
        _x.session_id == param("session_id", _x.session_id),
        _x.tenant_id == param("at_tenant", _x.tenant_id),
    ),
)
_ADD_TENANT = upsert(
    "session_tenant.add",
    lambda insert: (
        insert(session_tenant)
        .values({column.name: param(column.name, column) for column in _x})
        .on_conflict_do_nothing()
    ),
)
_TENANTS = statement(
    "session_tenant.of_session",
    select(_x.tenant_id, _x.sid).where(
        _x.account_id == param("account_id", _x.account_id), _x.session_id == param("session_id", _x.session_id)
    ),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that goes on, and whose it is."""

    id: str
    account_id: AccountId
    handle: Handle
    proofs: tuple[dict[str, Any], ...]
    created_at: datetime
    last_used_at: datetime
    email: str
    email_lookup: str
    email_verified: bool
    name: str

    def assurance(self, tenant_id: str) -> "Assurance":
        """What this tenant may trust of it; proofs of another tenant's count nothing here."""
        trusted = [proof for proof in self.proofs if proof["scope"] in (None, tenant_id)]
        times = [datetime.fromisoformat(proof["at"]) for proof in trusted]
        amr = tuple(sorted({_AMR[proof["method"]] for proof in trusted}))
        return Assurance(ACR_1FA, amr, max(times, default=self.created_at), bool(trusted))


@dataclass(frozen=True, slots=True)
class Assurance:
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime
    proved: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that ended, and the tenants where it was known: whoever ends it ends it there too."""

    session_id: str
    tenants: tuple[tuple[str, str], ...]


def proof(method: str, at: datetime, scope: str | None = None) -> dict[str, Any]:
    return {"method": method, "at": at.isoformat(), "scope": scope}


def start(tx: Use, proofs: Sequence[dict[str, Any]], absolute: timedelta) -> tuple[str, Handle]:
    """A new session of the unit's account: its id and its handle. Always a new one, so that none can be fixed."""
    handle = Handle.generate(PREFIX, tx.account_id)
    identifier = new_id("ses")
    origin = tx.caller.origin
    tx.append(
        _APPEND,
        id=identifier,
        digest=handle.digest,
        created_at=tx.now,
        last_used_at=tx.now,
        expires_at=tx.now + absolute,
        ended_at=None,
        ended_because=None,
        ip=origin.ip,
        user_agent=(origin.user_agent or "")[:_LONGEST_USER_AGENT] or None,
        proofs=list(proofs),
    )
    tx.record(Own(Event("session.started", "session", identifier)))
    return identifier, handle


async def strengthen(tx: Use, present: Session, added: dict[str, Any]) -> Handle | None:
    """Add a proof to a session: the same session under a new handle. None: it has ended, or another was quicker."""
    handle = Handle.generate(PREFIX, tx.account_id)
    others = [one for one in present.proofs if (one["method"], one["scope"]) != (added["method"], added["scope"])]
    proofs = [*others, added]
    before = present.handle.digest
    rows = await tx.run(_GO_ON, id=present.id, before=before, digest=handle.digest, proofs=proofs)
    return handle if rows == 1 else None


async def load(cookie: str | None, origin: Origin, idle: timedelta, absolute: timedelta | None = None) -> list[Session]:
    """The sessions of a cookie that go on within these limits, the active one first."""
    found: list[Session] = []
    for text in dict.fromkeys((cookie or "").split(".")[:MOST_ACCOUNTS]):
        handle = Handle.parse(PREFIX, text)
        if handle is None:
            continue
        async with look(callers.as_account(AccountId(handle.owner("acct")), origin)) as tx:
            row = await tx.one(_FIND, digest=handle.digest)
            if row is None or row.ended_at is not None or row.status != "active":
                continue
            if row.expires_at <= tx.now or row.last_used_at + idle <= tx.now:
                continue
            if absolute is not None and row.created_at + absolute <= tx.now:
                continue
            if row.last_used_at > tx.now + _CLOCKS_DIFFER:  # the clock was set back: nobody knows how old it is
                continue
        found.append(
            Session(
                row.id,
                row.account_id,
                handle,
                tuple(row.proofs),
                row.created_at,
                row.last_used_at,
                row.email or "",
                row.email_lookup or "",
                row.verified_at is not None,
                row.name or "",
            )
        )
    return found


def cookie_of(handles: Sequence[Handle]) -> str:
    """The cookie's value; the first is the active account."""
    return ".".join(handle.reveal() for handle in handles[:MOST_ACCOUNTS])


async def touch(tx: Use, found: Session) -> None:
    """Note that it was used, at most once a minute."""
    if found.last_used_at + _TOUCH_EVERY <= tx.now:
        await tx.run(_TOUCH, id=found.id)


async def end(tx: Use, session_id: str, because: str) -> Ended | None:
    """End one session of the unit's account; None: it had ended."""
    if await tx.run(_END, id=session_id, because=because) == 0:
        return None
    tenants = tuple((row.tenant_id, row.sid) for row in await tx.all(_TENANTS, session_id=session_id))
    tx.record(Own(Event("session.ended", "session", session_id, reason=because)))
    return Ended(session_id, tenants)


async def end_all(tx: Use, because: str, *, but: str | None = None) -> list[Ended]:
    """End every session of the unit's account, but perhaps the one that is doing it."""
    ended = [await end(tx, row.id, because) for row in await tx.all(_LIVE) if row.id != but]
    return [one for one in ended if one is not None]


async def sid_at(tx: Look, session_id: str, tenant_id: str) -> str | None:
    """This tenant's name for the session; None where it was not there yet."""
    row = await tx.one(_SID, session_id=session_id, at_tenant=tenant_id)
    return str(row.sid) if row is not None else None


async def known_at(tx: Use, session_id: str, sid: str) -> str:
    """The session came to the unit's tenant, which calls it `sid`; or another one, where another tab was quicker."""
    if await tx.run(_ADD_TENANT, session_id=session_id, sid=sid) == 1:
        return sid
    return await sid_at(tx, session_id, tx.tenant_id) or sid
