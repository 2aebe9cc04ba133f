"""The commands of `sigid`, a file for each kind; `sigid.cli` puts them together.

They work on the database itself, from any folder, before the server's first start and while it runs. On the server they
are the operator's: what they do is recorded as done by the system.
"""

from sigid.commands import audit, checks, database, development, health, keys, serving, tenant

__all__ = [
    "audit",
    "checks",
    "database",
    "development",
    "health",
    "keys",
    "serving",
    "tenant",
]
