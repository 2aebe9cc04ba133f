"""JSON that two parsers could read differently is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigid.kernel import strict_json

REFUSED = {
    "a member twice": b'{"a": 1, "a": 1}',
    "a member twice, deeper": b'[{"b": {"a": 1, "a": 2}}]',
    "a member twice, one escaped": rb'{"a": 1, "\u0061": 2}',
    "NaN": b"[NaN]",
    "infinity": b"[-Infinity]",
    "a float too big": b"[1e999]",
    "an integer too long": b"1" * 5000,
    "not UTF-8": b'"\xff"',
    "an overlong form": b'"\xc0\xaf"',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "half a surrogate": rb'["\ud800"]',
    "half a surrogate as a name": rb'{"\udc00": 1}',
    "a control character": b'"a\nb"',
    "nothing": b"",
    "two values": b"{} {}",
    "a trailing comma": b"[1,]",
    "a comment": b"{} // a",
    "single quotes": b"{'a': 1}",
    "deep": b"[" * 33 + b"]" * 33,
    "very deep": b"[" * 100_000 + b"]" * 100_000,
    "very deep, members": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes):
    with pytest.raises(strict_json.JsonMalformed):
        strict_json.loads(data)


def test_read():
    data = rb'{"a": [1, 2.5, true, null, "\ud83d\ude00"], "b": {}}'
    assert strict_json.loads(data) == {"a": [1, 2.5, True, None, "\U0001f600"], "b": {}}
    assert strict_json.loads(b"[" * 32 + b"]" * 32)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes):
    with suppress(strict_json.JsonMalformed):
        strict_json.loads(data)
