"""The time, which tests can move.

Production reads the system's clock. In development the offset stands in a small file of the data folder that every
process maps into memory, so that one `POST /dev/clock` moves the server, its workers and the command line together.
"""

import mmap
import os
import struct
import time
from datetime import UTC, datetime
from pathlib import Path

_OFFSET = struct.Struct("<q")
_offset_file: mmap.mmap | None = None


def use_offset_file(path: Path) -> None:
    """Let the clock be moved through `path` (eight bytes: seconds, little endian). For development only."""
    global _offset_file
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size < _OFFSET.size:
            os.ftruncate(descriptor, _OFFSET.size)
        _offset_file = mmap.mmap(descriptor, _OFFSET.size)
    finally:
        os.close(descriptor)


def movable() -> bool:
    return _offset_file is not None


def advance(seconds: int) -> None:
    """Move the clock of every process forward. It never goes back."""
    if _offset_file is None:
        raise RuntimeError("the clock is the system's")
    if seconds < 0:
        raise ValueError("seconds must not be negative")
    _OFFSET.pack_into(_offset_file, 0, _OFFSET.unpack_from(_offset_file, 0)[0] + seconds)


def timestamp() -> float:
    """Seconds since the epoch."""
    if _offset_file is None:
        return time.time()
    offset: int = _OFFSET.unpack_from(_offset_file, 0)[0]
    return time.time() + offset


def now() -> datetime:
    return datetime.fromtimestamp(timestamp(), UTC)
