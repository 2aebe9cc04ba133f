"""A tenant's settings and branding, each with its default and its bounds (accounts.md, "Lifetimes")."""

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, Final, Self

from sigid.kernel.errors import Refused

# name: (default, least, most), in seconds
BOUNDS: Final[dict[str, tuple[int, int, int]]] = {
    "authorization_code": (60, 10, 60),
    "interaction": (3600, 600, 4 * 3600),
    "access_token": (600, 60, 3600),
    "id_token": (600, 60, 3600),
    "refresh_token_idle": (30 * 86400, 3600, 365 * 86400),
    "refresh_token_absolute": (90 * 86400, 3600, 365 * 86400),
    "email_code": (600, 60, 1800),
    "verification_link": (86400, 3600, 30 * 86400),
    "password_reset": (1200, 300, 3600),
    "session_idle": (24 * 3600, 300, 30 * 86400),
    "session_absolute": (30 * 86400, 3600, 365 * 86400),
}
SIGN_UP: Final = ("open", "domains", "invited")


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things live, in seconds."""

    authorization_code: int = BOUNDS["authorization_code"][0]
    interaction: int = BOUNDS["interaction"][0]
    access_token: int = BOUNDS["access_token"][0]
    id_token: int = BOUNDS["id_token"][0]
    refresh_token_idle: int = BOUNDS["refresh_token_idle"][0]
    refresh_token_absolute: int = BOUNDS["refresh_token_absolute"][0]
    email_code: int = BOUNDS["email_code"][0]
    verification_link: int = BOUNDS["verification_link"][0]
    password_reset: int = BOUNDS["password_reset"][0]
    session_idle: int = BOUNDS["session_idle"][0]
    session_absolute: int = BOUNDS["session_absolute"][0]

    def of(self, name: str) -> timedelta:
        return timedelta(seconds=getattr(self, name))

    def __post_init__(self) -> None:
        for name, (_, least, most) in BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise Refused(
                    "validation_failed", "lifetime_out_of_bounds",
                    f"lifetimes.{name} must be between {least} and {most} seconds.", status=422,
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Branding:
    """How hosted pages look: one colour, a logo that we serve, and the tenant's own links."""

    colour: str | None = None
    logo_url: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    support_uri: str | None = None


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """`sign_up`: who may join: anybody, addresses of `sign_up_domains`, or only who was invited."""

    sign_up: str = "open"
    sign_up_domains: tuple[str, ...] = ()
    password: bool = True
    email_code: bool = True
    lifetimes: Lifetimes = field(default_factory=Lifetimes)

    def __post_init__(self) -> None:
        if self.sign_up not in SIGN_UP:
            raise Refused("validation_failed", "sign_up_unknown", f"sign_up must be one of {SIGN_UP}.", status=422)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        known = {item.name for item in fields(cls)}
        values = {name: item for name, item in value.items() if name in known}
        if "lifetimes" in values:
            values["lifetimes"] = Lifetimes(**values["lifetimes"])
        if "sign_up_domains" in values:
            values["sign_up_domains"] = tuple(values["sign_up_domains"])
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        default = asdict(type(self)())
        return {name: value for name, value in asdict(self).items() if value != default[name]}

    def admits(self, address_lookup: str) -> bool:
        """A person with this verified address may join without an invitation."""
        if self.sign_up == "open":
            return True
        return self.sign_up == "domains" and address_lookup.rpartition("@")[2] in self.sign_up_domains

    def changed(self, **values: Any) -> Self:
        return replace(self, **values)
