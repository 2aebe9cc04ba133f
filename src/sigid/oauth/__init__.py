"""OAuth 2.1 and OpenID Connect: endpoints, grants, and the rules that several of them share.

`rules/` holds a file per rule, `grants/` a file per grant type, `endpoints/` a file per address. `steps` decides what
comes next in an authorization, `authorization` carries it out for the pages.
"""

from sigid.oauth import tables

__all__ = ["tables"]
