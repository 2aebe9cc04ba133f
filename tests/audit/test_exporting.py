"""An export can be verified far from here: by the format of the interface, written down again in this file."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import rfc8785

from sigid import audit
from sigid.audit.merkle import Tree, leaf_hash
from sigid.kernel import callers, ids
from sigid.kernel.callers import SYSTEM, Origin
from sigid.tokens import keys
from tests.audit.conftest import Book

Tamper = Callable[[list[Any]], list[Any]]


def _verify(lines: list[Any], *, signed: bool = True) -> dict[str, Any]:
    raw = [line if isinstance(line, bytes) else orjson.dumps(line) for line in lines]
    return audit.verify_export(iter(raw), orjson.loads(keys.jwks()) if signed else None).as_json()


async def _export(book: Book) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in await book.export()]


async def test_an_export_is_what_the_interface_says(book: Book):
    await book.sealed(3, 2)
    *entries, last = await _export(book)
    assert [entry["seal"] for entry in entries] == [{"seq": n} for n in range(1, 7)]
    assert set(entries[1]) == {
        "id", "occurred_at", "action", "outcome", "actor", "target", "reason", "changes", "request_id", "ip",
        "user_agent", "seal",
    }  # fmt: skip
    assert entries[1]["actor"] == {"type": "service", "id": "app_1"}
    assert entries[1]["target"] == {"type": "application", "id": "app_0"}
    assert (entries[1]["ip"], entries[1]["user_agent"]) == ("192.0.2.1", "Browser/1")
    del entries[1]["seal"]
    # 2 ** 60 + 1 as the double that JSON makes of it: what every other reader of the file has
    entries[1]["changes"]["size"] = float(entries[1]["changes"]["size"])
    assert hashlib.sha256(b"\0" + rfc8785.dumps(entries[1])).digest() == leaf_hash({**entries[1], "seal": None})
    assert last["checkpoint"]["tree_size"] == 6


async def test_an_intact_export(book: Book):
    await book.sealed(3, 2)
    lines = await book.export()
    report = _verify(lines)
    assert report == {
        "ok": True, "tree_size": 6, "root_hash": orjson.loads(lines[-1])["checkpoint"]["root_hash"], "unsealed": 0,
        "erased": 0, "problems": [],
    }  # fmt: skip
    assert _verify(lines, signed=False)["problems"] == ["signature_unchecked"]
    assert _verify(lines, signed=False)["ok"] is True


async def test_the_export_of_an_empty_log(storage: None):
    nobody = callers.in_tenant(ids.TenantId(ids.new_id("ten")), SYSTEM, Origin.process())
    lines = [line async for line in audit.export(nobody, keys.sign)]
    assert _verify(lines)["ok"] is True
    assert _verify(lines)["root_hash"] == hashlib.sha256(b"").hexdigest()


async def test_an_export_is_of_one_tenant(book: Book):
    """AUD-04: another tenant's caller exports nothing of it."""
    await book.sealed(3)
    other = callers.in_tenant(ids.TenantId(ids.new_id("ten")), SYSTEM, Origin.process())
    lines = [line async for line in audit.export(other, keys.sign)]
    assert len(lines) == 1
    assert orjson.loads(lines[0])["checkpoint"]["tree_size"] == 0


def _without(place: int) -> Tamper:
    return lambda lines: lines[:place] + lines[place + 1 :]


def _swapped(lines: list[Any]) -> list[Any]:
    lines[1], lines[2] = lines[2], lines[1]
    return lines


def _swapped_with_seq(lines: list[Any]) -> list[Any]:
    lines[1]["seal"], lines[2]["seal"] = lines[2]["seal"], lines[1]["seal"]
    return _swapped(lines)


def _changed(lines: list[Any]) -> list[Any]:
    lines[3]["outcome"] = "failure"
    return lines


def _moved_up(lines: list[Any]) -> list[Any]:
    del lines[2]
    for number, line in enumerate(lines[:-1], 1):
        line["seal"] = {"seq": number}
    return lines


def _tree_size(size: int) -> Tamper:
    def change(lines: list[Any]) -> list[Any]:
        lines[-1]["checkpoint"]["tree_size"] = size
        return lines

    return change


def _later_time(lines: list[Any]) -> list[Any]:
    lines[-1]["checkpoint"]["sealed_at"] = "2999-01-01T00:00:00.000000Z"
    return lines


def _signature_cut(lines: list[Any]) -> list[Any]:
    lines[-1]["checkpoint"]["jws"] = lines[-1]["checkpoint"]["jws"][:-8] + "AAAAAAAA"
    return lines


def _unsigned(lines: list[Any]) -> list[Any]:
    checkpoint = lines[-1]["checkpoint"]
    _header, payload, _ = checkpoint["jws"].split(".")
    checkpoint["jws"] = f"eyJhbGciOiJub25lIn0.{payload}."
    return lines


TAMPERED = {
    "first entry removed": (_without(0), "entry_removed: seq 1"),
    "entry removed": (_without(2), "entry_removed: seq 3"),
    "entry removed, the later ones moved up": (_moved_up, "log_truncated: checkpoint 6 was signed"),
    "entries swapped": (_swapped, "entry_removed: seq 2"),
    "entries swapped with their numbers": (_swapped_with_seq, "root_differs"),
    "entry changed": (_changed, "root_differs"),
    "entry twice": (lambda lines: [lines[0], *lines], "entry_reordered: seq 1"),
    "tail cut": (_without(5), "log_truncated: checkpoint 6 was signed, the file ends at seq 5"),
    "checkpoint cut": (_without(6), "log_truncated: the file ends without its checkpoint"),
    "checkpoint of another size": (_tree_size(5), "entry_inserted"),
    "checkpoint of another time": (_later_time, "signature_of_something_else"),
    "another signature": (_signature_cut, "signature_wrong"),
    "no signature": (_unsigned, "signature_key_unknown"),
    "something after the checkpoint": (lambda lines: [*lines, lines[0]], "line_malformed: line 8"),
    "a line that is not JSON": (lambda lines: [lines[0], b"{", *lines[1:]], "line_malformed: line 2"),
    "a line without a seal": (lambda lines: [{"id": "x"}, *lines], "line_malformed: line 1"),
    "a seal that is no number": (lambda lines: [{"id": "x", "seal": {"seq": True}}, *lines], "line_malformed: line 1"),
}


@pytest.mark.parametrize(("tamper", "problem"), TAMPERED.values(), ids=[f"AUD-03 {name}" for name in TAMPERED])
async def test_what_was_done_to_a_file_is_named(book: Book, tamper: Tamper, problem: str):
    await book.sealed(3, 2)
    report = _verify(tamper(await _export(book)))
    assert report["ok"] is False
    assert report["problems"][0].startswith(problem)


async def test_a_beginning_that_retention_removed(book: Book):
    """Subtree hashes stand for it; only the right ones do."""
    await book.sealed(3, 2)
    lines = await _export(book)
    kept = Tree()
    for line in lines[:3]:
        kept.add(leaf_hash(line))
    pruned = {"pruned": {"tree_size": 3, "hashes": [peak.hex() for peak in kept.peaks]}}
    assert _verify([pruned, *lines[3:]])["ok"] is True
    wrong = {"pruned": {"tree_size": 3, "hashes": [peak.hex() for peak in reversed(kept.peaks)]}}
    assert _verify([wrong, *lines[3:]])["problems"][0].startswith("root_differs")
    fewer = {"pruned": {"tree_size": 3, "hashes": [kept.peaks[0].hex()]}}
    assert _verify([fewer, *lines[3:]])["problems"] == ["line_malformed: line 1"]
    assert _verify([lines[0], pruned, *lines[3:]])["problems"] == ["line_malformed: line 2"]


async def test_an_erased_entry_in_a_file(book: Book):
    await book.sealed(3)
    lines = await _export(book)
    leaf = leaf_hash(lines[1]).hex()
    lines[1] = {**lines[1], "ip": None, "user_agent": None, "changes": {}, "erased": {"leaf_hash": leaf}}
    report = _verify(lines)
    assert (report["ok"], report["erased"]) == (True, 1)
