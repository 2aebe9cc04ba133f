"""All tables of the product in one metadata: importing this module declares every one of them."""

import importlib

from sigid.kernel import events, idempotency, outbox
from sigid.kernel.database import metadata

for _package in (
    "tenants", "accounts", "members", "roles", "administrators", "apis", "applications", "tokens", "consent", "audit",
    "oauth",
):  # fmt: skip
    importlib.import_module(f"sigid.{_package}")

__all__ = ["events", "idempotency", "metadata", "outbox"]
