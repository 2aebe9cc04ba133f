"""Whom a token is for (RFC 8707 section 2; RFC 9068 section 3).

Refuses: a resource that is not an absolute URI without fragment, that the tenant does not have or the application may
not ask for; and an audience that cannot be told, because scopes of several were asked for without naming one.
"""

from collections.abc import Collection, Mapping, Sequence

from sigid.apis import OPENID_SCOPES, SIGID, Api, is_audience
from sigid.kernel.errors import InvalidTarget


def check(sent: Sequence[str], apis: Mapping[str, Api], allowed: Collection[str]) -> tuple[str, ...]:
    """The audiences asked for, in order, each once. Raises InvalidTarget."""
    allowed = _spelled_out(allowed, apis)
    for resource in sent:
        if not is_audience(resource):
            raise InvalidTarget("resource_malformed", "resource must be an absolute URI without a fragment.")
        if resource not in apis:
            raise InvalidTarget("resource_unknown")
        if resource not in allowed:
            raise InvalidTarget("resource_not_allowed")
    return tuple(dict.fromkeys(sent))


def of_scopes(scopes: Collection[str], apis: Mapping[str, Api], allowed: Sequence[str]) -> str | None:
    """The one registered audience whose scopes were asked for; None where none was. Raises InvalidTarget."""
    wanted = [scope for scope in scopes if scope not in OPENID_SCOPES]
    if not wanted:
        return None
    having = [
        name
        for name in _spelled_out(allowed, apis)
        if name in apis and any(scope in apis[name].scopes for scope in wanted)
    ]
    if len(having) == 1:
        return having[0]
    if len(having) > 1:
        raise InvalidTarget("audience_ambiguous", "Several APIs have these scopes: name the resource.")
    return None


def scopes_at(audience: str | None, scopes: Sequence[str], apis: Mapping[str, Api]) -> tuple[str, ...]:
    """Of these scopes, those that mean something at this audience: its own, and the identity scopes."""
    own = apis[audience].scopes if audience is not None and audience in apis else {}
    return tuple(scope for scope in scopes if scope in OPENID_SCOPES or scope in own)


def _spelled_out(allowed: Collection[str], apis: Mapping[str, Api]) -> list[str]:
    """An application's audiences, each once; `sigid` among them stands for our own API."""
    ours = [audience for audience, api in apis.items() if api.is_ours]
    return list(dict.fromkeys(name for known in allowed for name in (ours if known == SIGID else [known])))
