"""Consent: what a person has allowed an application of a tenant to know and do.

One row for each tenant user and application. It is asked again only for what is new, and revoked by the person at any
time. An application with `consent: implicit` needs none.
"""

from sigid.consent.approvals import Approval, allow, deny, find, missing, revoke

__all__ = ["Approval", "allow", "deny", "find", "missing", "revoke"]
