"""Outgoing HTTP to addresses that somebody typed: webhooks, key sets, logos, client metadata, discovery of others.

Whoever may type a URL can make a server knock on doors inside its own network (CWE-918). So there is one client for all
of them, and it refuses by default: https alone, few ports, addresses of the public internet alone. A name is resolved
once; if any of its records is not public nothing is opened, and the connection goes to an address that was checked.
Redirects are not followed, no proxy, cookie or stored credential is used, and time, headers and body have limits.

`GuardedClient.check` judges a URL when it is entered, `GuardedClient.fetch` judges it again each time it is used. What
is refused raises `AddressRefused`, what fails raises `FetchFailed`; both carry a private reason, a member of `REASONS`.
"""

from sigid.kernel.http.client import Fetched, GuardedClient
from sigid.kernel.http.failures import REASONS, AddressRefused, FetchFailed
from sigid.kernel.http.lookup import Lookup
from sigid.kernel.http.targets import Target

__all__ = ["REASONS", "AddressRefused", "FetchFailed", "Fetched", "GuardedClient", "Lookup", "Target"]
