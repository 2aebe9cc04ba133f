"""Merkle tree hashing of RFC 9162 section 2.1 (SHA-256), and the leaf that an audit entry is.

A log only grows, so what is kept of it between two batches is its *peaks*: the hashes of the perfect subtrees that the
tree of this size is made of, the largest first. Root and next peaks follow from them alone.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import rfc8785

EMPTY_ROOT: Final = hashlib.sha256().digest()

_LARGEST_EXACT: Final = 2**53 - 1


def leaf_hash(entry: Mapping[str, Any]) -> bytes:
    """MTH({d}) = SHA-256(0x00 || d); d is the entry without its seal, as RFC 8785 JSON."""
    sealed = {name: value for name, value in entry.items() if name not in ("seal", "erased")}
    return hashlib.sha256(b"\x00" + rfc8785.dumps(_as_json_numbers(sealed))).digest()


def _as_json_numbers(value: Any) -> Any:
    """RFC 8785 section 3.2.2.3: a number is a double, so an integer beyond 2**53 is what a double makes of it."""
    if isinstance(value, dict):
        return {name: _as_json_numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_json_numbers(member) for member in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_EXACT:
        return float(value)
    return value


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A log's tree by its size and peaks."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count():
            raise ValueError("a tree of this size has another number of peaks")

    def add(self, leaf: bytes) -> None:
        """Append a leaf: each trailing one bit of the size is a perfect subtree that it completes."""
        size = self.size
        while size & 1:
            leaf = _node(self._peaks.pop(), leaf)
            size >>= 1
        self._peaks.append(leaf)
        self.size += 1

    @property
    def peaks(self) -> list[bytes]:
        """The hashes of the perfect subtrees, the largest first."""
        return list(self._peaks)

    @property
    def root(self) -> bytes:
        """MTH(D[n]): the split is at the largest power of two below n, so the peaks fold from the right."""
        if not self._peaks:
            return EMPTY_ROOT
        *rest, root = self._peaks
        for peak in reversed(rest):
            root = _node(peak, root)
        return root
