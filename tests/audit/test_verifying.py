"""AUD-03: whoever holds the database can change it, and `verify` says what they did; the first bad entry is named.

The log has entries 1; 2, 3, 4; 5, 6: each group was sealed at once, under a checkpoint.
"""

import orjson
import pytest

from sigid import audit
from sigid.kernel import clock, database
from sigid.kernel.database import look
from sigid.tokens import keys, schedule
from tests.audit.conftest import Book

_ID = "SELECT entry_id FROM audit_place WHERE tenant_id = :t AND seq ="

TAMPERED = {
    "entry changed": (
        f"UPDATE audit_entry SET outcome = 'failure' WHERE tenant_id = :t AND id = ({_ID} 3)",
        "entry_changed: seq 3 ({3})",
    ),
    "entry's actor changed": (
        f"UPDATE audit_entry SET actor_id = 'app_2' WHERE tenant_id = :t AND id = ({_ID} 6)",
        "entry_changed: seq 6 ({6})",
    ),
    "entry removed": (
        f"DELETE FROM audit_entry WHERE tenant_id = :t AND id = ({_ID} 3)",
        "entry_removed: seq 3 ({3})",
    ),
    "entry and place removed": (
        (
            f"DELETE FROM audit_entry WHERE tenant_id = :t AND id = ({_ID} 2);"
            "DELETE FROM audit_place WHERE tenant_id = :t AND seq = 2"
        ),
        "entry_removed: seq 2",
    ),
    "entry removed, the later ones moved up": (
        (
            "DELETE FROM audit_place WHERE tenant_id = :t AND seq = 2;"
            "UPDATE audit_place SET seq = seq - 100 WHERE tenant_id = :t AND seq > 2;"
            "UPDATE audit_place SET seq = seq + 99 WHERE tenant_id = :t AND seq < 0"
        ),
        "root_differs: seq 2 ({3}) to 4 ({5}), checkpoint 4",
    ),
    "entry changed with its leaf": (
        (
            "UPDATE audit_place SET leaf_hash = (SELECT leaf_hash FROM audit_place WHERE tenant_id = :t AND seq = 1)"
            " WHERE tenant_id = :t AND seq = 5"
        ),
        "entry_changed: seq 5 ({5})",
    ),
    "two entries swapped": (
        (
            "UPDATE audit_place SET seq = 100 WHERE tenant_id = :t AND seq = 2;"
            "UPDATE audit_place SET seq = 2 WHERE tenant_id = :t AND seq = 3;"
            "UPDATE audit_place SET seq = 3 WHERE tenant_id = :t AND seq = 100"
        ),
        "entry_reordered: seq 3 ({2})",
    ),
    "entry inserted, never recorded": (
        (
            "INSERT INTO audit_entry SELECT tenant_id, 'aud_zz', occurred_at, action, outcome, actor_type, actor_id,"
            " target_type, target_id, reason, changes, request_id, ip, user_agent, erased_leaf_hash"
            f" FROM audit_entry WHERE tenant_id = :t AND id = ({_ID} 2)"
        ),
        "entry_inserted: aud_zz",
    ),
    "place inserted behind the head": (
        (
            "INSERT INTO audit_place SELECT tenant_id, 7, 'aud_zz', leaf_hash FROM audit_place"
            " WHERE tenant_id = :t AND seq = 6"
        ),
        "entry_inserted: seq 7 (aud_zz)",
    ),
    "tail cut": (
        (
            f"DELETE FROM audit_entry WHERE tenant_id = :t AND id = ({_ID} 6);"
            "DELETE FROM audit_place WHERE tenant_id = :t AND seq = 6"
        ),
        "log_truncated: it ends at seq 5, its head says 6",
    ),
    "tail cut, and the head": (
        (
            "DELETE FROM audit_place WHERE tenant_id = :t AND seq > 4;"
            "UPDATE audit_head SET tree_size = 4 WHERE tenant_id = :t"
        ),
        "head_differs: its peaks are not those of the 4 entries",
    ),
    "checkpoint removed": (
        "DELETE FROM checkpoint WHERE tenant_id = :t AND tree_size = 6",
        "checkpoint_missing: seq 5 ({5}) and later stand under none",
    ),
    "checkpoint changed": (
        "UPDATE checkpoint SET root_hash = 'ff' WHERE tenant_id = :t AND tree_size = 4",
        "signature_of_something_else: checkpoint 4",
    ),
    "checkpoint of another time": (
        (
            "UPDATE checkpoint SET jws = (SELECT jws FROM checkpoint WHERE tenant_id = :t AND tree_size = 4)"
            " WHERE tenant_id = :t AND tree_size = 6"
        ),
        "signature_of_something_else: checkpoint 6",
    ),
    "erasure pretended": (
        f"UPDATE audit_entry SET erased_leaf_hash = 'ff' WHERE tenant_id = :t AND id = ({_ID} 2)",
        "entry_changed: seq 2 ({2})",
    ),
}


@pytest.mark.promise("3.2.audit-verify")
@pytest.mark.parametrize(("sql", "problem"), TAMPERED.values(), ids=[f"AUD-03 {name}" for name in TAMPERED])
async def test_what_was_done_to_the_log_is_named(book: Book, sql: str, problem: str):
    await book.sealed(3, 2)
    assert (await book.verify()).problems == []
    ids = await _ids(book)
    await book.tamper(sql)
    report = await book.verify()
    assert report.ok is False
    assert report.problems[0] == problem.format(None, *ids)


async def _ids(book: Book) -> list[str]:
    return [entry["id"] for line in await book.export() if "id" in (entry := orjson.loads(line))]


async def test_a_tail_cut_with_its_head_is_told_by_the_checkpoint(book: Book):
    """AUD-03: the last batch gone without a trace in entries, places and head: its checkpoint is still there."""
    await book.sealed(3)
    head = await _head(book)
    await book.sealed(2)
    await book.tamper(
        "DELETE FROM audit_place WHERE tenant_id = :t AND seq > 4;"
        f"UPDATE audit_head SET tree_size = 4, peaks = '{head}' WHERE tenant_id = :t"
    )
    assert "log_truncated: checkpoint 6 was signed, the log ends at seq 4" in (await book.verify()).problems


async def _head(book: Book) -> str:
    async with look(book.caller) as tx:
        return orjson.dumps((await tx.one(audit.TENANT.head)).peaks).decode()


async def test_an_erased_entry_is_told_and_breaks_nothing(book: Book):
    await book.sealed(3)
    hexadecimal = "lower(hex(leaf_hash))" if _on_sqlite() else "encode(leaf_hash, 'hex')"
    await book.tamper(
        "UPDATE audit_entry SET ip = NULL, user_agent = NULL, changes = '{}', erased_leaf_hash ="
        f" (SELECT {hexadecimal} FROM audit_place WHERE tenant_id = :t AND seq = 3)"
        f" WHERE tenant_id = :t AND id = ({_ID} 3)"
    )
    report = await book.verify()
    assert (report.problems, report.erased) == ([], 1)


def _on_sqlite() -> bool:
    return database.engine().name == "sqlite"


async def test_a_revoked_keys_signature_proves_nothing(book: Book):
    await book.sealed(2)
    signing = keys.ring().signer("ES256", clock.timestamp())
    await schedule.revoke(signing.id)
    report = await book.verify()
    assert report.problems == ["signature_key_unknown: checkpoint 3"]
    await keys.load()
    await book.sealed(1)
    assert (await book.verify()).problems == []  # what a live key signs stands for all before it
