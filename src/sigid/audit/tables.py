"""The Merkle log beside the entries: the place of each, the head of the tree, signed checkpoints.

A tenant and an account have the same three; the entries themselves are the kernel's (`events`). The place is a table of
its own because the entries are partitioned by time and what is unique must not be.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text, UniqueConstraint

from sigid.kernel.database import Json, Time, account_table, identifier, tenant_table


def _place(owner: str) -> tuple[Any, ...]:
    return (
        Column("seq", BigInteger, nullable=False),
        identifier("entry_id"),
        Column("leaf_hash", LargeBinary, nullable=False),
        UniqueConstraint(owner, "entry_id"),
    )


def _head() -> tuple[Column[Any], ...]:
    return Column("tree_size", BigInteger, nullable=False), Column("peaks", Json, nullable=False)


def _checkpoint() -> tuple[Column[Any], ...]:
    return (
        Column("tree_size", BigInteger, nullable=False),
        Column("root_hash", Text, nullable=False),
        Column("sealed_at", Time, nullable=False),
        Column("jws", Text, nullable=False),
    )


audit_place: Table = tenant_table("audit_place", *_place("tenant_id"), key=("seq",))
audit_head: Table = tenant_table("audit_head", *_head(), key=())
checkpoint: Table = tenant_table("checkpoint", *_checkpoint(), key=("tree_size",))

account_place: Table = account_table("account_place", *_place("account_id"), key=("seq",))
account_head: Table = account_table("account_head", *_head(), key=())
account_checkpoint: Table = account_table("account_checkpoint", *_checkpoint(), key=("tree_size",))
