"""`sigid bootstrap`: a tenant with its users, roles, APIs and applications, from one file.

It creates what is missing and leaves what is there, and tells secrets only when it has just made them. It is the
operator's: it alone may set a password, of an account that it has just made, and does not judge it.

`document` what the file may say · `making` how it comes to be.
"""

from sigid.bootstrap.document import Document, DocumentError, parse, read
from sigid.bootstrap.making import make, setup_link

__all__ = ["Document", "DocumentError", "make", "parse", "read", "setup_link"]
