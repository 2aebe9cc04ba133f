"""The audit log: who did what to what, from where and why, so that nobody can change it afterwards unseen.

An entry is written in the transaction of what it tells of (`kernel.events`). The worker gives it its place in its
tenant's log, or in its account's, within two seconds: a Merkle tree as RFC 9162 hashes it, whose size and root a key of
the JWKS signs at each step. Whoever holds an export and the JWKS can verify it without us.

`merkle` the tree · `entries` and `checkpoints` as JSON · `sealing` · `verifying` · `exporting`.
"""

from sigid.audit.checkpoints import Checkpoint, Keys, Signer
from sigid.audit.exporting import export, latest_checkpoint
from sigid.audit.queries import ACCOUNT, TENANT, Log
from sigid.audit.sealing import seal, seal_due
from sigid.audit.verifying import Report, verify_export, verify_log

__all__ = [
    "ACCOUNT",
    "TENANT",
    "Checkpoint",
    "Keys",
    "Log",
    "Report",
    "Signer",
    "export",
    "latest_checkpoint",
    "seal",
    "seal_due",
    "verify_export",
    "verify_log",
]
