"""Accounts: people, their addresses and passwords, their sessions, and the sign-ins that are under way.

An account is the person's; no tenant sees it, and nothing that a tenant says changes it. Use cases take the unit of
work; those that must hash a password or count a try do so before they open one.
"""

from sigid.accounts import (
    devices,
    interactions,
    password_rules,
    passwords,
    people,
    recovery,
    sessions,
    sign_in,
    sign_up,
)
from sigid.accounts.interactions import Interaction
from sigid.accounts.password_rules import Personal, Weakness
from sigid.accounts.people import Known
from sigid.accounts.sessions import Ended, Session
from sigid.accounts.sign_in import NeedsProof, SignedIn, WrongCode, WrongPassword

__all__ = [
    "Ended",
    "Interaction",
    "Known",
    "NeedsProof",
    "Personal",
    "Session",
    "SignedIn",
    "Weakness",
    "WrongCode",
    "WrongPassword",
    "devices",
    "interactions",
    "password_rules",
    "passwords",
    "people",
    "recovery",
    "sessions",
    "sign_in",
    "sign_up",
]
