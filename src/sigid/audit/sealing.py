"""Sealing: the worker gives each entry its place in its owner's Merkle log, and signs what the log then is.

The change that an entry tells of wrote it without touching a row that others write; its id waits in a queue. Here, in
one transaction of the owner's own, ids are taken from the queue, the entries get the next places, the head of the tree
grows and a checkpoint is signed. The head's row is locked meanwhile, and whoever finds it locked leaves: several
workers may seal at once. Nothing can be put before a sealed entry.
"""

import asyncio
import logging
from collections.abc import Sequence

from sigid.audit import queries
from sigid.audit.checkpoints import Checkpoint, Signer
from sigid.audit.entries import as_json
from sigid.audit.merkle import Tree, leaf_hash
from sigid.audit.queries import Log
from sigid.kernel.callers import SYSTEM, across
from sigid.kernel.database import Use, look, use
from sigid.kernel.errors import Unavailable

_log = logging.getLogger("sigid.audit")


async def seal_due(signer: Signer) -> int:
    """Seal what waits, in every log: a batch of each in turn, so that a busy tenant keeps nobody waiting."""
    sealed = 0
    for log in (queries.TENANT, queries.ACCOUNT):
        while owners := await _owners(log):
            count = await _seal_round(log, owners, signer)
            sealed += count
            if not count:  # what is left belongs to other workers, or to logs that failed and are tried again later
                break
    return sealed


async def _seal_round(log: Log, owners: Sequence[str], signer: Signer) -> int:
    sealed = 0
    for owner_id in owners:
        try:
            sealed += await seal(log, owner_id, signer)
        except Unavailable:
            raise
        except Exception:  # one log that cannot be sealed must not keep the others waiting
            _log.exception("the audit log of %s could not be sealed", owner_id)
        await asyncio.sleep(0)  # in `sigid serve` requests are answered in between
    return sealed


async def _owners(log: Log) -> list[str]:
    """Whose entries wait: a plain read across all owners; what is claimed is claimed inside one of them."""
    async with look(across(SYSTEM)) as tx:
        return [row.id for row in await tx.all(log.due_owners)]


async def seal(log: Log, owner_id: str, signer: Signer) -> int:
    """Seal one batch of one log. 0 when nothing waits, or when another worker is at it."""
    caller = log.caller(owner_id)
    async with look(caller) as tx:
        due = await tx.all(log.due)
    leaves = {row.id: leaf_hash(as_json(row, row.id, None)) for row in due if row.entry_id is not None}
    for row in due:
        if row.entry_id is None:
            _log.error("audit entry %s was removed before it was sealed", row.id)
    async with use(caller) as tx:
        head = await tx.one(log.claim)
        if head is None:
            await tx.run(log.start)
            head = await tx.one(log.claim)
        if head is None:
            return 0
        # What another worker took between our reading and our lock is not ours: the statement says what is.
        taken = {row.id for row in await tx.all(log.take, ids=[row.id for row in due])}
        won = [identifier for identifier in leaves if identifier in taken]
        if won:
            tree = Tree(head.tree_size, map(bytes.fromhex, head.peaks))
            await _grow(tx, log, tree, [(identifier, leaves[identifier]) for identifier in won], signer)
    return len(taken)


async def _grow(tx: Use, log: Log, tree: Tree, leaves: Sequence[tuple[str, bytes]], signer: Signer) -> None:
    before = tree.size
    owner_id = log.owner_of(tx)
    own = {log.owner: owner_id}
    for entry_id, leaf in leaves:
        tree.add(leaf)
        tx.append(log.add_place, seq=tree.size, entry_id=entry_id, leaf_hash=leaf, **own)
    await tx.run(log.grow, before=before, tree_size=tree.size, peaks=[peak.hex() for peak in tree.peaks])
    checkpoint = Checkpoint.sign(log.owner, owner_id, tree, tx.now, signer)
    tx.append(
        log.add_checkpoint,
        tree_size=tree.size,
        root_hash=checkpoint.root_hash,
        sealed_at=tx.now,
        jws=checkpoint.jws,
        **own,
    )
