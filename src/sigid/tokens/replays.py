"""`jti`s that count once: client assertions (RFC 7523 section 3), kept until they expire.

The insert says who won. The key is the tenant, then the hour of expiry, so that what lapses together lies together.
"""

from datetime import datetime
from hashlib import sha256
from typing import Final

from sigid.kernel.callers import Caller
from sigid.kernel.database import Conflict, append, use
from sigid.tokens.tables import used_jti

_APPEND: Final = append(used_jti)


async def first_use(caller: Caller, whose: str, jti: str, expires_at: datetime) -> bool:
    """This `jti` of `whose` was not used before; it is used now. True for exactly one caller."""
    try:
        async with use(caller) as tx:
            tx.append(
                _APPEND,
                hour=int(expires_at.timestamp()) // 3600,
                digest=sha256(f"{whose}\0{jti}".encode()).digest(),
                expires_at=expires_at,
            )
    except Conflict:
        return False
    return True
