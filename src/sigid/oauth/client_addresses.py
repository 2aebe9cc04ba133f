"""The addresses that a registering client states and that we would go to (OpenID Connect Dynamic Registration 1.0
sections 5 and 9.1).

They are judged at once by the guarded client, which judges each again when it goes there. The sector identifier's
document is fetched now: the tenant is the sector whatever it says, but a client that names one must be in it.
"""

from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, Final, Protocol

from sigid.applications import InvalidMetadata
from sigid.kernel.database import assert_outside
from sigid.kernel.http import AddressRefused, FetchFailed, GuardedClient

_JUDGED: Final = ("jwks_uri", "logo_uri", "backchannel_logout_uri")
_SECTOR: Final = "sector_identifier_uri"
_LARGEST: Final = 64 * 1024


class Guard(Protocol):
    """The part of the guarded client that is needed here."""

    def check(self, url: str) -> object:
        """Raises AddressRefused."""

    def fetch_json(self, url: str, max_bytes: int) -> Awaitable[Any]:
        """Raises AddressRefused, FetchFailed."""


_guard: Guard | None = None


def install(guard: Guard) -> None:
    """Let this process judge and fetch by `guard`."""
    global _guard
    _guard = guard


async def check(settings: Mapping[str, Any], sector_identifier_uri: str | None) -> None:
    """Judge what a registration states. Raises InvalidMetadata."""
    guard = _guard or GuardedClient()
    for name in _JUDGED:
        try:
            if settings[name] is not None:
                guard.check(settings[name])
        except AddressRefused as refused:
            raise InvalidMetadata(f"/{name}", refused.reason, f"{name} must be a public https address.") from None
    if sector_identifier_uri is not None:
        await _check_sector(guard, sector_identifier_uri, settings["redirect_uris"])


async def _check_sector(guard: Guard, uri: str, redirect_uris: Iterable[str]) -> None:
    assert_outside("fetching a sector identifier")
    if not uri.startswith("https://"):
        raise InvalidMetadata(f"/{_SECTOR}", "sector_identifier_not_https", f"{_SECTOR} must be https.")
    try:
        listed = await guard.fetch_json(uri, max_bytes=_LARGEST)
    except (AddressRefused, FetchFailed) as failed:
        raise InvalidMetadata(f"/{_SECTOR}", failed.reason, f"{_SECTOR} could not be fetched.") from None
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise InvalidMetadata(f"/{_SECTOR}", "sector_identifier_malformed", f"{_SECTOR} must list redirect URIs.")
    if not set(redirect_uris) <= set(listed):
        raise InvalidMetadata(f"/{_SECTOR}", "sector_identifier_lacks_uri", f"{_SECTOR} lacks a redirect URI.")
