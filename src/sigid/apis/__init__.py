"""APIs: the audiences that tokens are made for, with their scopes in words that a person understands.

A tenant makes its own; OpenID's scopes and our own API at `{issuer}/api/v1` (`sigid` for short) are there without. What
a token request needs to know of them is the tenant's `catalogue`, kept in memory until one of them changes.
"""

from sigid.apis.apis import (
    SIGNING_ALGORITHMS,
    Api,
    AudienceTaken,
    Catalogue,
    InvalidApi,
    StaleApi,
    by_id,
    catalogue,
    create,
    delete,
    every,
    is_audience,
    ours,
    update,
)
from sigid.apis.built_in import OPENID_DESCRIPTIONS, OPENID_SCOPES, SIGID, SIGID_SCOPES, audience

__all__ = [
    "OPENID_DESCRIPTIONS",
    "OPENID_SCOPES",
    "SIGID",
    "SIGID_SCOPES",
    "SIGNING_ALGORITHMS",
    "Api",
    "AudienceTaken",
    "Catalogue",
    "InvalidApi",
    "StaleApi",
    "audience",
    "by_id",
    "catalogue",
    "create",
    "delete",
    "every",
    "is_audience",
    "ours",
    "update",
]
