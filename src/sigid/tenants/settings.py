"""A tenant's own settings: who may sign up, how people sign in, how long things live. Each stands within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from sigid.kernel.errors import Refused

SignUp = Literal["open", "domains", "invited"]
SIGN_UP: Final[tuple[str, ...]] = get_args(SignUp)
SIGN_IN_METHODS: Final = ("password", "email_code")

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MOST_DOMAINS = 100
_LONGEST_URI = 2048

# Life in seconds by what lives: the default, the shortest, the longest.
LIFETIMES: Final[Mapping[str, tuple[int, int, int]]] = {
    "authorization_code": (60, 10, 60),
    "interaction": (_HOUR, 10 * _MINUTE, 4 * _HOUR),
    "access_token": (10 * _MINUTE, _MINUTE, _HOUR),
    "id_token": (10 * _MINUTE, _MINUTE, _HOUR),
    "refresh_token_idle": (30 * _DAY, _HOUR, 365 * _DAY),
    "refresh_token_absolute": (90 * _DAY, _HOUR, 365 * _DAY),
    "email_code": (10 * _MINUTE, _MINUTE, 30 * _MINUTE),
    "verification_link": (_DAY, _MINUTE, 30 * _DAY),
    "invitation": (7 * _DAY, _MINUTE, 30 * _DAY),
    "password_reset": (20 * _MINUTE, 5 * _MINUTE, 60 * _MINUTE),
    "initial_access_token": (_DAY, _MINUTE, 90 * _DAY),
}
SESSION_IDLE_HOURS: Final = (24, 1, 24 * 365)
SESSION_ABSOLUTE_DAYS: Final = (30, 1, 365)


class InvalidSettings(Refused):
    """A setting outside its bounds; `pointer` names it (RFC 6901)."""

    def __init__(self, pointer: str, rule: str) -> None:
        super().__init__("invalid_settings", "setting_out_of_bounds", f"{pointer} {rule}", status=422)
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long each thing lives here."""

    authorization_code: timedelta
    interaction: timedelta
    access_token: timedelta
    id_token: timedelta
    refresh_token_idle: timedelta
    refresh_token_absolute: timedelta
    email_code: timedelta
    verification_link: timedelta
    invitation: timedelta
    password_reset: timedelta
    initial_access_token: timedelta

    @classmethod
    def read(cls, stored: Mapping[str, int]) -> Self:
        """What was stored, and the defaults for the rest."""
        return cls(**{
            name: timedelta(seconds=stored.get(name, default)) for name, (default, _, _) in LIFETIMES.items()
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What a tenant decides for itself."""

    sign_up: SignUp = "open"
    sign_up_domains: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset(SIGN_IN_METHODS)
    lifetimes: Lifetimes = field(default_factory=lambda: Lifetimes.read({}))
    session_idle_hours: int = SESSION_IDLE_HOURS[0]
    session_absolute_days: int = SESSION_ABSOLUTE_DAYS[0]
    policy_uri: str | None = None
    tos_uri: str | None = None
    support_uri: str | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """From what `checked` let pass."""
        values = {field_.name: stored[field_.name] for field_ in fields(cls) if field_.name in stored}
        values["sign_up_domains"] = tuple(values.get("sign_up_domains", ()))
        values["methods"] = frozenset(name for name, on in stored.get("methods", {}).items() if on) or frozenset(
            SIGN_IN_METHODS
        )
        values["lifetimes"] = Lifetimes.read(stored.get("lifetimes", {}))
        return cls(**values)


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they are stored. Raises InvalidSettings for the first that is unknown or out of bounds."""
    for name, value in settings.items():
        check = _CHECKS.get(name)
        if check is None:
            raise InvalidSettings(f"/{name}", "is not a setting")
        check(name, value)
    return dict(settings)


def _sign_up(name: str, value: object) -> None:
    if value not in SIGN_UP:
        raise InvalidSettings(f"/{name}", f"must be one of {', '.join(SIGN_UP)}")


def _domains(name: str, value: object) -> None:
    if not isinstance(value, list) or len(value) > _MOST_DOMAINS:
        raise InvalidSettings(f"/{name}", f"must be a list of at most {_MOST_DOMAINS} domains")
    for place, domain in enumerate(value):
        if not isinstance(domain, str) or not domain.isascii() or domain != domain.lower() or "." not in domain:
            raise InvalidSettings(f"/{name}/{place}", "must be a domain in lower case")


def _methods(name: str, value: object) -> None:
    if not isinstance(value, dict) or any(not isinstance(on, bool) for on in value.values()):
        raise InvalidSettings(f"/{name}", "must say true or false for each method")
    for method in value:
        if method not in SIGN_IN_METHODS:
            raise InvalidSettings(f"/{name}/{method}", "is not a sign-in method")
    if not any(value.values()):
        raise InvalidSettings(f"/{name}", "must leave one method on")


def _lifetimes(name: str, value: object) -> None:
    if not isinstance(value, dict):
        raise InvalidSettings(f"/{name}", "must be seconds by name")
    for what, seconds in value.items():
        if what not in LIFETIMES:
            raise InvalidSettings(f"/{name}/{what}", "is not a lifetime")
        _within(f"{name}/{what}", seconds, LIFETIMES[what])


def _within(name: str, value: object, bounds: tuple[int, int, int]) -> None:
    _, least, most = bounds
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidSettings(f"/{name}", f"must be an integer from {least} to {most}")


def _uri(name: str, value: object) -> None:
    if value is None:
        return
    try:
        parts = urlsplit(value) if isinstance(value, str) and len(value) <= _LONGEST_URI else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise InvalidSettings(f"/{name}", "must be an https address")


_CHECKS: Final = {
    "sign_up": _sign_up,
    "sign_up_domains": _domains,
    "methods": _methods,
    "lifetimes": _lifetimes,
    "session_idle_hours": lambda name, value: _within(name, value, SESSION_IDLE_HOURS),
    "session_absolute_days": lambda name, value: _within(name, value, SESSION_ABSOLUTE_DAYS),
    "policy_uri": _uri,
    "tos_uri": _uri,
    "support_uri": _uri,
}
