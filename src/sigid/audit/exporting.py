"""Export: a log as JSON lines that can be verified far from here, and long after."""

from collections.abc import AsyncIterator

import orjson

from sigid.audit import queries
from sigid.audit.checkpoints import Checkpoint, Signer
from sigid.audit.entries import as_json
from sigid.audit.merkle import Tree
from sigid.kernel.callers import Caller
from sigid.kernel.database import Look, look


async def latest_checkpoint(tx: Look, signer: Signer) -> Checkpoint:
    """The newest checkpoint of the caller's log. That of an empty log is signed as it is asked for."""
    log = queries.of(tx.caller)
    owner_id = log.owner_of(tx)
    row = await tx.one(log.latest)
    if row is None:
        return Checkpoint.sign(log.owner, owner_id, Tree(), tx.now, signer)
    return Checkpoint.of_row(log.owner, owner_id, row)


async def export(caller: Caller, signer: Signer) -> AsyncIterator[bytes]:
    """The sealed entries by `seq`, then the checkpoint that is over just these. A line each, a batch at a time."""
    log = queries.of(caller)
    async with look(caller) as tx:
        checkpoint = await latest_checkpoint(tx, signer)
    after = 0
    while after < checkpoint.tree_size:
        limit = min(queries.BATCH, checkpoint.tree_size - after)
        async with look(caller) as tx:
            rows = await tx.all(log.sealed, after=after, limit=limit)
        if not rows:
            break  # rows are missing: what follows is told by the checkpoint, and by who verifies
        for row in rows:
            if row.id is not None:
                yield orjson.dumps(as_json(row, row.entry_id, row.seq)) + b"\n"
        after = rows[-1].seq
    yield orjson.dumps({"checkpoint": checkpoint.as_json()}) + b"\n"
