"""Tokens: signing keys, grants, access, ID and refresh tokens, and what is true of one now.

- `schedule` keys in the database: made ahead, promoted, revoked; `keys` in memory: what signs and what verifies.
- `grants` one authorization with all that came of it; `sessions` the `sid`s of a tenant.
- `access`, `identity` and `refresh` tokens; `replays` of client assertions.
- `unused_clients` that registered themselves, and go.
"""

from sigid.tokens import access, grants, identity, keys, refresh, replays, schedule, sessions, unused_clients
from sigid.tokens.access import AccessToken
from sigid.tokens.grants import Grant, GrantStanding
from sigid.tokens.identity import Hint
from sigid.tokens.keys import is_time

__all__ = [
    "AccessToken",
    "Grant",
    "GrantStanding",
    "Hint",
    "access",
    "grants",
    "identity",
    "is_time",
    "keys",
    "refresh",
    "replays",
    "schedule",
    "sessions",
    "unused_clients",
]
