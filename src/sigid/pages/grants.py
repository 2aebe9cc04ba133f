"""The lines of a consent: what a scope lets an application do, in words (OpenID Connect Core section 5.4).

The scopes of identity are one line, an API's scopes are said in the API's own words, and staying connected
(`offline_access`, section 11) is a box that the person may clear. No scope is left out: what is granted is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sigid.pages.i18n import DEFAULT_LOCALE, Message, Text, catalogue

_IDENTITY: Final = frozenset({"openid", "profile", "email"})
_OFFLINE: Final = "offline_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A line of a consent. With `scope` and `optional` it is a box that the person may clear."""

    title: Text
    detail: Text | None = None
    scope: str = ""
    optional: bool = False
    checked: bool = True


def grants_of(asked: tuple[str, ...], described: Mapping[str, tuple[str, str]]) -> tuple[Grant, ...]:
    """The lines for the scopes asked for: who you are first, staying connected last.

    `described` has the description of each API's scope and the name of its API.
    """
    lines: list[Grant] = []
    if not _IDENTITY.isdisjoint(asked):
        known = "_".join(scope for scope in ("profile", "email") if scope in asked) or "openid"
        lines.append(Grant(title=Message("consent.identity"), detail=Message(f"consent.identity_{known}")))
    lines += [_line(scope, described) for scope in asked if scope not in _IDENTITY and scope != _OFFLINE]
    if _OFFLINE in asked:
        title, detail = Message("consent.offline"), Message("consent.offline_detail")
        lines.append(Grant(title=title, detail=detail, scope=_OFFLINE, optional=True))
    return tuple(lines)


def _line(scope: str, described: Mapping[str, tuple[str, str]]) -> Grant:
    if scope in described:
        description, api = described[scope]
        return Grant(title=description, detail=Message("consent.at_api", api=api), scope=scope)
    ours = f"consent.scope_{scope}"
    return Grant(title=Message(ours) if ours in catalogue(DEFAULT_LOCALE).texts else scope, scope=scope)
