"""The statements of a Merkle log, once for tenants and once for accounts."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import BigInteger, Table, and_, delete, exists, select, update

from sigid.audit import tables
from sigid.kernel import events
from sigid.kernel.callers import SYSTEM, Caller, Origin, as_account, in_tenant
from sigid.kernel.database import Look, any_of, append, param, statement, upsert
from sigid.kernel.ids import AccountId, TenantId

BATCH: Final = 200


class Log:
    """One kind of log: whose it is, and its statements. Every one but `due_owners` is of one owner's rows."""

    def __init__(
        self,
        owner: str,
        caller: Callable[[str], Caller],
        *,
        entry: Table,
        due: Table,
        place: Table,
        head: Table,
        checkpoint: Table,
    ) -> None:
        self.owner = owner
        self.caller = caller
        mine = param(owner, entry.c[owner])
        columns = [column for column in entry.c if column.name not in (owner, "id")]
        name = place.name.removesuffix("_place")

        self.due_owners = statement(f"{name}.due_owners", select(due.c[owner].label("id")).distinct().limit(500))
        self.due = statement(
            f"{name}.due",
            select(due.c.id, entry.c.id.label("entry_id"), *columns)
            .join_from(due, entry, and_(entry.c[owner] == due.c[owner], entry.c.id == due.c.id), isouter=True)
            .where(due.c[owner] == mine)
            .order_by(due.c.id)
            .limit(BATCH),
        )
        self.take = statement(
            f"{name}.take", delete(due).where(due.c[owner] == mine, any_of(due.c.id, "ids")).returning(due.c.id)
        )
        self.start = upsert(
            f"{name}.start",
            lambda insert: insert(head).values({owner: mine, "tree_size": 0, "peaks": []}).on_conflict_do_nothing(),
        )
        self.head = statement(f"{name}.head", select(head.c.tree_size, head.c.peaks).where(head.c[owner] == mine))
        self.claim = statement(
            f"{name}.claim",
            select(head.c.tree_size, head.c.peaks).where(head.c[owner] == mine).with_for_update(skip_locked=True),
        )
        self.grow = statement(
            f"{name}.grow",
            update(head)
            .where(head.c[owner] == mine, head.c.tree_size == param("before", head.c.tree_size))
            .values(tree_size=param("tree_size", head.c.tree_size), peaks=param("peaks", head.c.peaks)),
        )
        self.add_place = append(place)
        self.add_checkpoint = append(checkpoint)

        found = [checkpoint.c.tree_size, checkpoint.c.root_hash, checkpoint.c.sealed_at, checkpoint.c.jws]
        of_mine = select(*found).where(checkpoint.c[owner] == mine)
        self.latest = statement(f"{name}.latest", of_mine.order_by(checkpoint.c.tree_size.desc()).limit(1))
        self.checkpoints = statement(
            f"{name}.checkpoints",
            of_mine.where(checkpoint.c.tree_size > param("after", checkpoint.c.tree_size))
            .order_by(checkpoint.c.tree_size)
            .limit(BATCH),
        )

        entry_at = and_(entry.c[owner] == place.c[owner], entry.c.id == place.c.entry_id)
        self.sealed = statement(
            f"{name}.sealed",
            select(place.c.seq, place.c.entry_id, place.c.leaf_hash, entry.c.id, *columns)
            .join_from(place, entry, entry_at, isouter=True)
            .where(place.c[owner] == mine, place.c.seq > param("after", place.c.seq))
            .order_by(place.c.seq)
            .limit(param("limit", type_=BigInteger())),
        )
        self.place_of_leaf = statement(
            f"{name}.place_of_leaf",
            select(place.c.seq)
            .where(place.c[owner] == mine, place.c.leaf_hash == param("leaf_hash", place.c.leaf_hash))
            .limit(1),
        )
        waiting = exists().where(due.c[owner] == entry.c[owner], due.c.id == entry.c.id)
        self.unsealed = statement(
            f"{name}.unsealed",
            select(entry.c.id, waiting.label("is_due"))
            .where(entry.c[owner] == mine, entry.c.id > param("after", entry.c.id), ~exists().where(entry_at))
            .order_by(entry.c.id)
            .limit(BATCH),
        )
        self.still_unsealed = statement(
            f"{name}.still_unsealed",
            select(entry.c.id).where(
                entry.c[owner] == mine, entry.c.id == param("id", entry.c.id), ~exists().where(entry_at)
            ),
        )

    def owner_of(self, tx: Look) -> str:
        """The tenant or account that a unit knows."""
        return tx.tenant_id if self.owner == "tenant_id" else tx.account_id


def _tenant(owner_id: str) -> Caller:
    return in_tenant(TenantId(owner_id), SYSTEM, Origin.process())


def _account(owner_id: str) -> Caller:
    return as_account(AccountId(owner_id), Origin.process(), SYSTEM)


TENANT: Final = Log(
    "tenant_id",
    _tenant,
    entry=events.audit_entry,
    due=events.audit_due,
    place=tables.audit_place,
    head=tables.audit_head,
    checkpoint=tables.checkpoint,
)
ACCOUNT: Final = Log(
    "account_id",
    _account,
    entry=events.account_entry,
    due=events.account_due,
    place=tables.account_place,
    head=tables.account_head,
    checkpoint=tables.account_checkpoint,
)


def of(caller: Caller) -> Log:
    """The log that a caller's unit writes to."""
    return TENANT if caller.tenant_id is not None else ACCOUNT
