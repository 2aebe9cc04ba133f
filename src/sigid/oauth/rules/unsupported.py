"""Parameters of extensions that do not work here: refused, never ignored (OpenID Connect Core section 3.1.2.6)."""

from collections.abc import Container
from typing import Final

from sigid.kernel.errors import OAuthError

_REFUSALS: Final = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


def check(sent: Container[str]) -> None:
    """Raises OAuthError for the first of them that was sent."""
    for name, code in _REFUSALS.items():
        if name in sent:
            raise OAuthError(code, code, f"{name} is not supported.")
