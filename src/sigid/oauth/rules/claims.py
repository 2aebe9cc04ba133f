"""The `claims` parameter (OpenID Connect Core section 5.5).

Refuses: what is not a JSON object of the right shape, too large or too deep. Unknown claims are ignored.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from sigid.kernel import strict_json
from sigid.kernel.errors import InvalidRequest

LARGEST: Final = 8 * 1024
DEEPEST: Final = 6
OFFERED: Final = frozenset({"name", "email", "email_verified", "updated_at", "auth_time", "acr", "amr", "sub"})
# What needs the person's consent when it is asked for beside the scopes.
PERSONAL: Final = frozenset({"name", "email", "email_verified", "updated_at"})


@dataclass(frozen=True, slots=True)
class Claims:
    """Names of claims asked for in each place; `acr` values of which one must be met; the `sub` that must be theirs."""

    id_token: frozenset[str] = frozenset()
    userinfo: frozenset[str] = frozenset()
    essential_acr: frozenset[str] = frozenset()
    sub: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def personal(self) -> frozenset[str]:
        """Those that the person must allow."""
        return (self.id_token | self.userinfo) & PERSONAL


def check(sent: str | None) -> Claims:
    """What is asked for, as far as it is offered. Raises InvalidRequest."""
    if sent is None:
        return Claims()
    if len(sent) > LARGEST:
        raise InvalidRequest("claims_too_large", "claims is too large.")
    try:
        value = strict_json.loads(sent.encode(), max_depth=DEEPEST)
    except strict_json.JsonMalformed:
        raise InvalidRequest("claims_not_json", "claims must be a JSON object, and not a deep one.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("claims_not_an_object", "claims must be a JSON object.")
    places = {}
    for place in ("id_token", "userinfo"):
        members = {} if value.get(place) is None else value[place]
        if not isinstance(members, dict) or not all(
            item is None or isinstance(item, dict) for item in members.values()
        ):
            raise InvalidRequest("claims_malformed", "A member of claims must be null or an object.")
        places[place] = members
    return Claims(
        id_token=frozenset(places["id_token"]) & OFFERED,
        userinfo=frozenset(places["userinfo"]) & OFFERED,
        essential_acr=_essential_acr(places["id_token"].get("acr")),
        sub=_value(places["id_token"].get("sub") or places["userinfo"].get("sub")),
    )


def _essential_acr(member: dict[str, Any] | None) -> frozenset[str]:
    if not member or member.get("essential") is not True:
        return frozenset()
    values = member.get("values") or ([member["value"]] if "value" in member else [])
    if not isinstance(values, list) or not all(isinstance(item, str) and item.isprintable() for item in values):
        raise InvalidRequest("claims_malformed", "The values of acr must be texts.")
    return frozenset(values)


def _value(member: dict[str, Any] | None) -> str | None:
    value = (member or {}).get("value")
    if isinstance(value, str) and not value.isprintable():
        raise InvalidRequest("claims_malformed", "The value of sub must be printable.")
    return value if isinstance(value, str) else None
