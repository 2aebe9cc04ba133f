"""Verifying a log: every entry is what was sealed, at its place, none removed, none added, none cut off.

The walk is the same for the database and for an exported file: leaves in the order of `seq` grow a tree, whose root
must be the one that a checkpoint signed. The database also tells the leaf hash that each place got, and has a
checkpoint for each batch, so the first bad entry can be named; a file has one checkpoint for the whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import orjson

from sigid.audit.checkpoints import Checkpoint, Keys
from sigid.audit.entries import as_json
from sigid.audit.merkle import Tree, leaf_hash
from sigid.audit.queries import BATCH, Log
from sigid.kernel.database import Look, Row, look

_MOST_PROBLEMS: Final = 20


@dataclass(slots=True)
class Report:
    """What was found. `problems` begins with the first bad entry; each is `<code>: <which>`."""

    tree_size: int = 0
    root_hash: str = Tree().root.hex()
    unsealed: int = 0
    erased: int = 0
    problems: list[str] = field(default_factory=list)

    def found(self, code: str, which: str = "") -> None:
        """Note a problem; beyond the first few more would only be noise."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(f"{code}: {which}" if which else code)

    @property
    def ok(self) -> bool:
        """Intact, as far as it could be checked."""
        return all(problem == "signature_unchecked" for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """As `sigid audit verify --json` prints it."""
        return {
            "ok": self.ok,
            "tree_size": self.tree_size,
            "root_hash": self.root_hash,
            "unsealed": self.unsealed,
            "erased": self.erased,
            "problems": self.problems,
        }


async def verify_log(log: Log, owner_id: str, keys: Keys) -> Report:
    """Verify a log in the database, as far as it was sealed when this began."""
    async with look(log.caller(owner_id)) as tx:
        return await _Walk(tx, log, owner_id, keys).run()


class _Walk:
    """One pass over a log in the database, its entries and its checkpoints side by side."""

    def __init__(self, tx: Look, log: Log, owner_id: str, keys: Keys) -> None:
        self._tx = tx
        self._log = log
        self._owner_id = owner_id
        self._keys = keys
        self._report = Report()
        self._tree = Tree()
        self._since_checkpoint: list[tuple[int, str]] = []
        self._checkpoints: list[Row] = []
        self._no_more_checkpoints = False

    async def run(self) -> Report:
        inserted = await self._unsealed()  # before the head is read: what is not counted here is in the tree
        head = await self._tx.one(self._log.head)
        size = head.tree_size if head is not None else 0
        if await self._entries(size):
            self._after_the_last(head)
            await self._beyond(size)
        await self._latest(size)
        for entry_id in inserted:
            self._report.found("entry_inserted", entry_id)
        self._report.tree_size, self._report.root_hash = self._tree.size, self._tree.root.hex()
        return self._report

    async def _entries(self, size: int) -> bool:
        """Walk to `size`. False where the walk could not go on, because a place is missing or a root differs."""
        while self._tree.size < size:
            rows = await self._tx.all(self._log.sealed, after=self._tree.size, limit=min(BATCH, size - self._tree.size))
            if not rows:
                self._report.found("log_truncated", f"it ends at seq {self._tree.size}, its head says {size}")
                return False
            for row in rows:
                if row.seq != self._tree.size + 1:
                    self._report.found("entry_removed", f"seq {self._tree.size + 1}")
                    return False
                self._entry(row)
                if not await self._checkpoint():
                    return False
        return True

    def _entry(self, row: Row) -> None:
        name = f"seq {row.seq} ({row.entry_id})"
        if row.id is None:
            self._report.found("entry_removed", name)
        elif row.erased_leaf_hash is not None:
            self._report.erased += 1
            if row.erased_leaf_hash != row.leaf_hash.hex():
                self._report.found("entry_changed", name)
        elif leaf_hash(as_json(row, row.entry_id, row.seq)) != row.leaf_hash:
            self._report.found("entry_changed", name)
        self._tree.add(row.leaf_hash)
        self._since_checkpoint.append((row.seq, row.entry_id))

    async def _checkpoint(self) -> bool:
        """Where a checkpoint is of just this size: is its root ours? False where it is not."""
        checkpoint = await self._next_checkpoint()
        if checkpoint is None or checkpoint.tree_size != self._tree.size:
            return True
        self._checkpoints.pop(0)
        problem = self._keys.problem(checkpoint.jws, self._members(checkpoint))
        # A key that left the JWKS is no problem here: the latest checkpoint stands for those before it.
        if problem is not None and problem != "signature_key_unknown":
            self._report.found(problem, f"checkpoint {checkpoint.tree_size}")
        if checkpoint.root_hash != self._tree.root.hex():
            self._report.found(*_differing(self._since_checkpoint, checkpoint.tree_size))
            return False
        self._since_checkpoint.clear()
        return True

    async def _next_checkpoint(self) -> Row | None:
        if not self._checkpoints and not self._no_more_checkpoints:
            self._checkpoints = await self._tx.all(self._log.checkpoints, after=self._tree.size - 1)
            self._no_more_checkpoints = not self._checkpoints
        return self._checkpoints[0] if self._checkpoints else None

    def _after_the_last(self, head: Row | None) -> None:
        if head is not None and [peak.hex() for peak in self._tree.peaks] != head.peaks:
            self._report.found("head_differs", f"its peaks are not those of the {self._tree.size} entries")
        if self._since_checkpoint:
            seq, entry_id = self._since_checkpoint[0]
            self._report.found("checkpoint_missing", f"seq {seq} ({entry_id}) and later stand under none")

    async def _beyond(self, size: int) -> None:
        """A place after the head's last: sealed meanwhile, unless the head does not know of it even now."""
        rows = await self._tx.all(self._log.sealed, after=size, limit=1)
        if rows:
            head = await self._tx.one(self._log.head)
            if head is None or head.tree_size < rows[0].seq:
                self._report.found("entry_inserted", f"seq {rows[0].seq} ({rows[0].entry_id})")

    async def _latest(self, size: int) -> None:
        """The latest checkpoint stands for the whole: its signature must be good, and the log must reach it."""
        checkpoint = await self._tx.one(self._log.latest)
        if checkpoint is None:
            return
        if self._keys.problem(checkpoint.jws, self._members(checkpoint)) == "signature_key_unknown":
            self._report.found("signature_key_unknown", f"checkpoint {checkpoint.tree_size}")
        if checkpoint.tree_size > size:
            head = await self._tx.one(self._log.head)
            if head is None or head.tree_size < checkpoint.tree_size:
                self._report.found(
                    "log_truncated", f"checkpoint {checkpoint.tree_size} was signed, the log ends at seq {size}"
                )

    async def _unsealed(self) -> list[str]:
        """Entries without a place wait for the sealer; those that it was never told of were put there by somebody."""
        after, never_due = "", []
        while rows := await self._tx.all(self._log.unsealed, after=after):
            self._report.unsealed += len(rows)
            never_due += [row.id for row in rows if not row.is_due]
            after = rows[-1].id
        # Looked at again, since an entry may have been sealed between two readings.
        return [one for one in never_due if await self._tx.one(self._log.still_unsealed, id=one) is not None]

    def _members(self, row: Row) -> dict[str, Any]:
        return Checkpoint.of_row(self._log.owner, self._owner_id, row).members


def _differing(entries: list[tuple[int, str]], tree_size: int) -> tuple[str, str]:
    """Name what a root that differs can be narrowed to: entries of one batch, which was sealed in the order of ids."""
    for (_, before), (seq, entry_id) in pairwise(entries):
        if entry_id < before:
            return "entry_reordered", f"seq {seq} ({entry_id})"
    (first, first_id), (last, last_id) = entries[0], entries[-1]
    if first == last:
        return "entry_changed", f"seq {first} ({first_id})"
    return "root_differs", f"seq {first} ({first_id}) to {last} ({last_id}), checkpoint {tree_size}"


def verify_export(lines: Iterator[bytes], jwks: Mapping[str, Any] | None) -> Report:
    """Verify an exported file; without a JWK set everything but the signature."""
    return _Export(jwks).run(lines)


class _MalformedError(ValueError):
    """A line that is not of the export's format."""


class _Export:
    """One pass over the lines: perhaps what stands for a pruned beginning, the entries, the checkpoint."""

    def __init__(self, jwks: Mapping[str, Any] | None) -> None:
        self._jwks = jwks
        self._report = Report()
        self._tree = Tree()
        self._checkpoint: Mapping[str, Any] | None = None

    def run(self, lines: Iterator[bytes]) -> Report:
        number = 0
        try:
            for number, line in enumerate(lines, 1):
                if line.strip() and not self._line(number, _object(line)):
                    break
            else:
                self._end()
        except (_MalformedError, KeyError, TypeError, ValueError, RecursionError):
            self._report.found("line_malformed", f"line {number}")
        self._report.tree_size, self._report.root_hash = self._tree.size, self._tree.root.hex()
        return self._report

    def _line(self, number: int, line: Mapping[str, Any]) -> bool:
        """Take a line. False where the walk cannot go on."""
        if self._checkpoint is not None:
            self._report.found("line_malformed", f"line {number} follows the checkpoint")
            return False
        if "checkpoint" in line:
            self._checkpoint = dict(line["checkpoint"])
            return True
        if "pruned" in line:
            if number != 1:
                raise _MalformedError
            self._tree = Tree(int(line["pruned"]["tree_size"]), map(_hash, line["pruned"]["hashes"]))
            return True
        return self._entry(line)

    def _entry(self, entry: Mapping[str, Any]) -> bool:
        seq, expected = entry["seal"]["seq"], self._tree.size + 1
        if type(seq) is not int:
            raise _MalformedError
        if seq != expected:
            name = f"seq {expected}" if seq > expected else f"seq {seq} ({entry['id']}) stands after {expected - 1}"
            self._report.found("entry_removed" if seq > expected else "entry_reordered", name)
            return False
        if "erased" in entry:
            self._report.erased += 1
            self._tree.add(_hash(entry["erased"]["leaf_hash"]))
        else:
            self._tree.add(leaf_hash(entry))
        return True

    def _end(self) -> None:
        checkpoint = self._checkpoint
        if checkpoint is None:
            self._report.found("log_truncated", "the file ends without its checkpoint")
            return
        if checkpoint["tree_size"] != self._tree.size:
            what = "log_truncated" if checkpoint["tree_size"] > self._tree.size else "entry_inserted"
            self._report.found(
                what, f"checkpoint {checkpoint['tree_size']} was signed, the file ends at seq {self._tree.size}"
            )
        elif checkpoint["root_hash"] != self._tree.root.hex():
            self._report.found("root_differs", f"an entry up to seq {self._tree.size} is not what was sealed")
        if self._jwks is None:
            self._report.found("signature_unchecked")
            return
        members = {name: value for name, value in checkpoint.items() if name != "jws"}
        problem = Keys(self._jwks).problem(str(checkpoint["jws"]), members)
        if problem is not None:
            self._report.found(problem, f"checkpoint {checkpoint['tree_size']}")


def _object(line: bytes) -> Mapping[str, Any]:
    value = orjson.loads(line)
    if not isinstance(value, dict):
        raise _MalformedError
    return value


def _hash(text: str) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != 32 or text != value.hex():
        raise _MalformedError
    return value
