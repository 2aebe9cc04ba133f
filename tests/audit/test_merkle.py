"""The tree is RFC 9162's, whatever its size."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigid.audit.merkle import Tree, leaf_hash


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word, over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


@given(st.integers(0, 300), st.integers(0, 300))
def test_root_and_peaks_are_those_of_the_definition(size: int, more: int):
    leaves = [hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(size + more)]
    tree = Tree()
    for leaf in leaves[:size]:
        tree.add(leaf)
    assert tree.root == mth(leaves[:size])
    resumed = Tree(tree.size, tree.peaks)  # as the sealer does, with its next batch
    for leaf in leaves[size:]:
        resumed.add(leaf)
    assert resumed.root == mth(leaves)


def test_the_root_of_an_empty_log_is_the_hash_of_nothing():
    assert Tree().root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_peaks_must_fit_the_size():
    with pytest.raises(ValueError, match="peaks"):
        Tree(3, [b"\x00" * 32])


def test_a_leaf_is_the_entry_without_its_seal_as_rfc_8785_json():
    entry = {"id": "aud_1", "changes": {"b": 1, "a": [1e21, 2**60, "€\u2028"]}, "seal": {"seq": 7}, "reason": None}
    canonical = '{"changes":{"a":[1e+21,1152921504606847000,"€\u2028"],"b":1},"id":"aud_1","reason":null}'
    assert leaf_hash(entry) == hashlib.sha256(b"\x00" + canonical.encode()).digest()
    assert leaf_hash({**entry, "seal": None}) == leaf_hash(entry)
