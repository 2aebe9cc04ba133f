"""Tokens: signing keys, grants, access, ID and refresh tokens, and what is true of one now."""

from sigid.tokens import tables as tables
