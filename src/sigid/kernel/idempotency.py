"""`Idempotency-Key`: the first answer again, for 24 hours (draft-ietf-httpapi-idempotency-key-header).

The record, with the whole answer sealed under the root key, is written in the transaction of the change that it answers
for: the write happened once, and a retry is told its result, also after a crash in between. Whoever finds the key taken
waits for the first before it takes a connection: in this process by key, across processes by the unique key itself.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Column, LargeBinary, delete, select

from sigid.kernel import crypto, resealing, retention
from sigid.kernel.callers import Caller
from sigid.kernel.database import (
    NOW,
    Conflict,
    Time,
    Use,
    append,
    look,
    param,
    statement,
    tenant_table,
)
from sigid.kernel.errors import OAuthError
from sigid.kernel.web import Response

KEPT: Final = timedelta(hours=24)
LONGEST_KEY: Final = 255
_PURPOSE = "idempotency answer"

idempotency_record = tenant_table(
    "idempotency_record",
    Column("caller_key", LargeBinary, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer_sealed", LargeBinary, nullable=False),
    Column("expires_at", Time, nullable=False),
    key=("caller_key",),
)
resealing.sealed(idempotency_record.c.answer_sealed, _PURPOSE)
retention.lapses(idempotency_record.c.expires_at)
_r = idempotency_record.c
_APPEND = append(idempotency_record)
_FIND = statement(
    "idempotency_record.find",
    select(_r.fingerprint, _r.answer_sealed).where(
        _r.tenant_id == param("tenant_id", _r.tenant_id),
        _r.caller_key == param("caller_key", _r.caller_key),
        _r.expires_at > NOW,
    ),
)
_FORGET_EXPIRED = statement(
    "idempotency_record.forget_expired",
    delete(idempotency_record).where(
        _r.tenant_id == param("tenant_id", _r.tenant_id),
        _r.caller_key == param("caller_key", _r.caller_key),
        _r.expires_at <= NOW,
    ),
)

_running: dict[bytes, asyncio.Lock] = {}


class IdempotencyRefused(OAuthError):
    """An `Idempotency-Key` that is not honoured; its reason is public too, as `code`."""

    def __init__(self, reason: str, description: str, status: int) -> None:
        headers = {"Retry-After": "1"} if status == 409 else {}
        super().__init__(
            "invalid_request", reason, description, status=status, headers=headers, members={"code": reason}
        )


class Key:
    """One key of one caller, and the fingerprint of what it came with."""

    def __init__(self, key: str, caller_name: str, method: str, path: str, body: bytes) -> None:
        self.digest = hashlib.sha256(f"{caller_name}\0{key}".encode()).digest()
        self.fingerprint = hashlib.sha256(f"{method}\0{path}\0".encode() + body).digest()


def parse(value: str | None) -> str | None:
    """The header's value, bytes as sent. Raises for an empty, over-long or unprintable one."""
    if value is None:
        return None
    if not 1 <= len(value) <= LONGEST_KEY or any(not 0x20 <= ord(mark) <= 0x7E for mark in value):
        raise IdempotencyRefused("idempotency_key_malformed", "Idempotency-Key has 1 to 255 printable characters.", 400)
    return value


async def once(caller: Caller, key: Key | None, answer: Callable[["Recorder"], Awaitable[Response]]) -> Response:
    """Answer by `answer`, or by the first answer to the same key. `answer` calls `recorder.keep` in its unit."""
    if key is None:
        return await answer(Recorder(None))
    async with _turn(key.digest):
        known = await _first_answer(caller, key)
        if known is not None:
            return known
        try:
            return await answer(Recorder(key))
        except Conflict as conflict:
            if "idempotency_record" not in conflict.constraint:
                raise
        known = await _first_answer(caller, key)
        if known is None:
            raise IdempotencyRefused("idempotency_in_progress", "The first request is still running.", 409)
        return known


class Recorder:
    """Keeps an answer beside the change that it answers for."""

    def __init__(self, key: Key | None) -> None:
        self._key = key

    async def keep(self, tx: Use, response: Response) -> Response:
        if self._key is None:
            return response
        kept: dict[str, Any] = {
            "status": response.status,
            "body": response.body.decode("latin-1"),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in response.headers],
        }
        await tx.run(_FORGET_EXPIRED, caller_key=self._key.digest)
        tx.append(
            _APPEND,
            caller_key=self._key.digest,
            fingerprint=self._key.fingerprint,
            answer_sealed=crypto.vault().seal(_PURPOSE, orjson.dumps(kept)),
            expires_at=tx.now + KEPT,
        )
        return response


async def _first_answer(caller: Caller, key: Key) -> Response | None:
    async with look(caller) as tx:
        row = await tx.one(_FIND, caller_key=key.digest)
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise IdempotencyRefused(
            "idempotency_key_reused", "This Idempotency-Key came with another request before.", 422
        )
    kept = orjson.loads(crypto.vault().unseal(_PURPOSE, row.answer_sealed))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept["headers"]]
    return Response(kept["status"], kept["body"].encode("latin-1"), [*headers, (b"idempotent-replayed", b"true")])


@asynccontextmanager
async def _turn(digest: bytes) -> Any:
    lock = _running.setdefault(digest, asyncio.Lock())
    try:
        async with lock:
            yield
    finally:
        if not lock.locked() and not getattr(lock, "_waiters", None):
            _running.pop(digest, None)
