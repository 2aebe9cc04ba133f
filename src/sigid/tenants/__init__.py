"""Tenants: the boundary of everything else. A tenant has a durable slug, settings within bounds, and branding."""

from sigid.tenants import tables as tables
