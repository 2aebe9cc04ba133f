"""Applications: the OAuth clients of a tenant."""

from sigid.applications import tables as tables
