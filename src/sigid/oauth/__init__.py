"""OAuth 2.1 and OpenID Connect: endpoints, grants, and the rules that several of them share.

`rules/` holds a file per rule, `grants/` a file per grant type, `endpoints/` a file per address. `steps` decides what
comes next in an authorization, `authorization` carries it out for the pages.
"""

from sigid.oauth import authorization, authorization_request, client_addresses, client_keys, ending, steps, tables
from sigid.oauth.authorization import Decision
from sigid.oauth.authorization_request import AuthorizationRequest, Reply
from sigid.oauth.steps import AccessDenied, Progress, Step

__all__ = [
    "AccessDenied",
    "AuthorizationRequest",
    "Decision",
    "Progress",
    "Reply",
    "Step",
    "authorization",
    "authorization_request",
    "client_addresses",
    "client_keys",
    "ending",
    "steps",
    "tables",
]
