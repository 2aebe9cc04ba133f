"""The response type (RFC 6749 section 3.1.1; OAuth 2.1 section 10.1).

Refuses: none, and every one but `code`: no token ever travels in a URL.
"""

from sigid.kernel.errors import InvalidRequest, OAuthError


def check(sent: str | None) -> str:
    """`code`. Raises OAuthError."""
    if sent is None:
        raise InvalidRequest("response_type_missing", "response_type must be code.")
    if sent != "code":
        raise OAuthError("unsupported_response_type", "response_type_not_code", "response_type must be code.")
    return sent
