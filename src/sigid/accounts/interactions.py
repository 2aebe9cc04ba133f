"""A sign-in under way: what one browser is doing at one tenant, before and after anybody knows whose it is.

It holds the authorization request that began it (opaque here), what was typed, the one code by mail that is alive, and
who signed in. It is bound to one browser, ends in an hour, and is finished once.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import insert, select, update

from sigid.accounts.tables import SEALED_SIGN_UP, interaction
from sigid.kernel import crypto, ids
from sigid.kernel.database import NOW, Look, Use, param, statement

MOST_TRIES: Final = 5
NOTHING_DONE: Final[Mapping[str, Any]] = {"signed_in": False, "chosen": False, "consented": False, "declined": ()}

_PARAMETERS: Final = {"account_id": "of_account"}  # a tenant's unit need not know the account

_i = interaction.c
_MINE = (_i.tenant_id == param("tenant_id", _i.tenant_id), _i.id == param("id", _i.id))
_ALIVE = (_i.finished_at.is_(None), _i.expires_at > NOW)
_BEGIN = statement(
    "interaction.begin",
    insert(interaction).values(
        {column.name: param(_PARAMETERS.get(column.name, column.name), column) for column in _i}
    ),
)
_FIND = statement("interaction.find", select(*_i).where(*_MINE))
_SET_STATE = statement(
    "interaction.set_state", update(interaction).where(*_MINE, *_ALIVE).values(state=param("state", _i.state))
)
_SET_PERSON = statement(
    "interaction.set_person",
    update(interaction)
    .where(*_MINE, *_ALIVE)
    .values(
        state=param("state", _i.state),
        account_id=param("of_account", _i.account_id),
        session_id=param("session_id", _i.session_id),
        sealed=None,
    ),
)
_SET_CODE = statement(
    "interaction.set_code",
    update(interaction)
    .where(*_MINE, *_ALIVE)
    .values(
        state=param("state", _i.state),
        sealed=param("sealed", _i.sealed),
        code_digest=param("code_digest", _i.code_digest),
        code_purpose=param("code_purpose", _i.code_purpose),
        code_address=param("code_address", _i.code_address),
        code_tries=0,
        code_expires_at=param("code_expires_at", _i.code_expires_at),
    ),
)
_COUNT_TRY = statement(
    "interaction.count_try",
    update(interaction)
    .where(*_MINE, *_ALIVE, _i.code_digest.is_not(None), _i.code_tries < MOST_TRIES, _i.code_expires_at > NOW)
    .values(code_tries=_i.code_tries + 1)
    .returning(_i.code_digest),
)
_SPEND_CODE = statement(
    "interaction.spend_code",
    update(interaction).where(*_MINE, _i.code_digest == param("spent_digest", _i.code_digest)).values(code_digest=None),
)
_FINISH = statement("interaction.finish", update(interaction).where(*_MINE, *_ALIVE).values(finished_at=NOW))


@dataclass(frozen=True, slots=True)
class Interaction:
    """`alive` False: finished, or its hour is over."""

    id: str
    tenant_id: str
    request: dict[str, Any] | None
    state: dict[str, Any]
    waiting: dict[str, str] | None = field(repr=False)
    account_id: str | None
    session_id: str | None
    code_purpose: str | None
    code_address: str | None
    finished: bool
    alive: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a code that was typed; `why` is the private reason where it was not right."""

    right: bool
    why: str = ""


async def begin(
    tx: Use,
    browser_digest: bytes,
    request: Mapping[str, Any] | None,
    state: Mapping[str, Any],
    life: timedelta,
    *,
    account_id: str | None = None,
    session_id: str | None = None,
) -> str:
    """Begin one; its id, which is no secret: it opens nothing in another browser."""
    identifier = ids.new_id("int")
    await tx.run(
        _BEGIN,
        id=identifier,
        browser_digest=browser_digest,
        request=dict(request) if request is not None else None,
        state=dict(state),
        sealed=None,
        of_account=account_id,
        session_id=session_id,
        code_digest=None,
        code_purpose=None,
        code_address=None,
        code_tries=0,
        code_expires_at=None,
        created_at=tx.now,
        expires_at=tx.now + life,
        finished_at=None,
    )
    return identifier


async def find(tx: Look, identifier: str, browser_digest: bytes | None) -> Interaction | None:
    """The interaction, for the browser that it is bound to; None for any other."""
    if browser_digest is None or not ids.is_id("int", identifier):
        return None
    row = await tx.one(_FIND, id=identifier)
    if row is None or not hmac.compare_digest(row.browser_digest, browser_digest):
        return None
    waiting = orjson.loads(crypto.vault().unseal(SEALED_SIGN_UP, row.sealed)) if row.sealed else None
    finished = row.finished_at is not None
    return Interaction(
        row.id,
        row.tenant_id,
        row.request,
        row.state,
        waiting,
        row.account_id,
        row.session_id,
        row.code_purpose,
        row.code_address,
        finished,
        not finished and row.expires_at > tx.now,
        row.created_at,
    )


async def note(tx: Use, found: Interaction, **state: Any) -> None:
    """Keep where the pages are."""
    await tx.run(_SET_STATE, id=found.id, state={**found.state, **state})


async def set_person(tx: Use, found: Interaction, session_id: str, **state: Any) -> None:
    """Somebody signed in (the unit's account)."""
    await tx.run(
        _SET_PERSON, id=found.id, of_account=tx.account_id, session_id=session_id, state={**found.state, **state}
    )


async def finish(tx: Use, found: Interaction) -> bool:
    """End it. True for exactly one caller."""
    return await tx.run(_FINISH, id=found.id) == 1


async def send_code(
    tx: Use, found: Interaction, purpose: str, address: str, life: timedelta, waiting: Mapping[str, str] | None = None,
    *, password_of: str = "",
) -> str:  # fmt: skip
    """Make the one code that is alive here; an older one is dead. Whoever calls sends it, or does not.

    `password_of`: the address, to be compared, whose password was shown just now; none where it is empty.
    """
    code = f"{secrets.randbelow(1_000_000):06d}"
    await tx.run(
        _SET_CODE,
        id=found.id,
        state={**found.state, "email": address, "password_of": password_of},
        code_purpose=purpose,
        code_address=address,
        sealed=crypto.vault().seal(SEALED_SIGN_UP, orjson.dumps(dict(waiting))) if waiting is not None else None,
        code_digest=_digest(found.id, purpose, code),
        code_expires_at=tx.now + life,
    )
    return code


async def try_code(tx: Use, found: Interaction, code: str) -> Tried:
    """Count the try, then compare; right for exactly one caller. The unit must be kept when it was wrong."""
    counted = await tx.one(_COUNT_TRY, id=found.id)
    if counted is None or found.code_purpose is None:
        return Tried(right=False, why=await _why_dead(tx, found))
    typed = "".join(mark for mark in code if mark not in " -")
    digest = _digest(found.id, found.code_purpose, typed)
    if not hmac.compare_digest(digest, counted.code_digest):
        return Tried(right=False, why="code_wrong")
    await tx.run(_SPEND_CODE, id=found.id, spent_digest=counted.code_digest)  # nobody else: the count holds the row
    return Tried(right=True)


async def _why_dead(tx: Use, found: Interaction) -> str:
    row = await tx.one(_FIND, id=found.id)
    if row is None or row.finished_at is not None or row.expires_at <= tx.now:
        return "interaction_expired"
    if row.code_digest is None:
        return "code_none" if row.code_purpose is None else "code_spent"
    return "code_expired" if row.code_expires_at <= tx.now else "code_tries_used_up"


def _digest(identifier: str, purpose: str, code: str) -> bytes:
    """Keyed, since six digits are found by trying them all."""
    message = f"{identifier}\0{purpose}\0{code}".encode()
    return hmac.new(crypto.vault().key_for("one-time code"), message, hashlib.sha256).digest()
