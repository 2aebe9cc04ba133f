"""JSON from outside, read one way only: what two parsers could read differently is refused (RFC 8259, RFC 7493).

Refused are duplicate members, NaN and infinities, numbers too big to hold, text that is not UTF-8 or has a byte order
mark, half surrogates, and nesting deeper than anything that we read.
"""

import json
import math
from typing import Final, NoReturn

from sigid.kernel.errors import SigidError

MAX_DEPTH: Final = 32


class JsonMalformed(SigidError):
    """Not the JSON that we read. The message repeats nothing of it."""


def loads(data: bytes, *, max_depth: int = MAX_DEPTH) -> object:
    """Parse UTF-8 JSON. Raises JsonMalformed."""
    try:
        value: object = json.loads(
            data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite
        )
    except JsonMalformed:
        raise
    except (ValueError, RecursionError):  # also undecodable bytes, and integers of thousands of digits
        raise JsonMalformed("not valid JSON") from None
    _walk(value, max_depth)
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonMalformed("a member stands twice")
    return members


def _no_constant(_: str) -> NoReturn:
    raise JsonMalformed("not a number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonMalformed("a number is too big")
    return number


def _walk(value: object, depth: int) -> None:
    """Strings must have a UTF-8 form, and nesting must end."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise JsonMalformed("a half surrogate") from None
    elif isinstance(value, list | dict):
        if depth == 0:
            raise JsonMalformed("nested too deeply")
        for member in value:
            _walk(member, depth - 1)
        if isinstance(value, dict):
            for member in value.values():
                _walk(member, depth - 1)
