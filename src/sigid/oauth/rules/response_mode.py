"""The response mode (OAuth 2.0 Multiple Response Types section 2.1, OAuth 2.0 Form Post Response Mode).

Refuses: one that is not offered; the refusal itself is answered by the default mode.
"""

from typing import Final

from sigid.kernel.errors import InvalidRequest

DEFAULT: Final = "query"
OFFERED: Final = ("query", "fragment", "form_post")


def check(sent: str | None) -> str:
    """The mode to answer in. Raises InvalidRequest."""
    if sent is None:
        return DEFAULT
    if sent not in OFFERED:
        raise InvalidRequest("response_mode_unknown", "response_mode must be query, fragment or form_post.")
    return sent
