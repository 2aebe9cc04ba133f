"""Roles: named bundles of permissions that a tenant gives to its users."""

from sigid.roles import tables as tables
