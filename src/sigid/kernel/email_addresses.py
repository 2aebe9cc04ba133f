"""E-mail addresses: what is one, how it is shown, compared and written to (RFC 5321, RFC 6531, RFC 5890).

Only syntax is judged; that mail arrives is proved by a code, never by DNS. Two addresses that could be told apart by a
mail server only if it is pedantic about case are one address here. More is not folded: what lies behind a dot or a plus
sign is the provider's affair, and `straße` and `strasse` are two mailboxes of two people.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

import email_validator

from sigid.kernel.errors import SigidError

MAX_LENGTH: Final = 254  # RFC 3696 erratum 1690: what fits into a path of RFC 5321

# Addresses inside a company may well end in .local, and those of tests in .test: not ours to forbid.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

EmailReason = Literal["email_too_long", "email_malformed"]


class EmailMalformed(SigidError):
    """Not an address that we take. The message does not repeat it."""

    def __init__(self, reason: EmailReason) -> None:
        super().__init__(reason)
        self.reason: EmailReason = reason


@dataclass(frozen=True, slots=True, repr=False)
class EmailAddress:
    """One address in its three forms; two are equal where their `lookup` is."""

    display: str  # as it was typed, in Unicode's normal form: to be shown
    lookup: str  # in lower case, its domain in ASCII: to be compared
    mailbox: str  # as it was typed, its domain in ASCII: where mail goes

    @classmethod
    def parse(cls, text: str, *, dotless: bool = False) -> "EmailAddress":
        """`dotless` takes a domain of one label, which an installation's own sender may have. Raises EmailMalformed."""
        text = text.strip(" ")  # phones add one behind a completed word
        if len(text) > MAX_LENGTH:
            raise EmailMalformed("email_too_long")
        try:
            valid = email_validator.validate_email(
                text,
                strict=True,  # at most 64 octets before the @
                check_deliverability=False,
                globally_deliverable=not dotless,
                allow_smtputf8=True,
                allow_quoted_local=False,
                allow_domain_literal=False,
                allow_display_name=False,
                allow_empty_local=False,
            )
        except email_validator.EmailNotValidError:
            raise EmailMalformed("email_malformed") from None
        mailbox = f"{valid.local_part}@{valid.ascii_domain}"
        if len(mailbox.encode()) > MAX_LENGTH:
            raise EmailMalformed("email_too_long")
        # lower() and not casefold(), which makes one of `ß` and `ss`: nobody may own a neighbour's address.
        return cls(f"{valid.local_part}@{valid.domain}", f"{valid.local_part.lower()}@{valid.ascii_domain}", mailbox)

    @property
    def local_part(self) -> str:
        """What stands before the @, as it was typed."""
        return self.display.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """In ASCII and lower case."""
        return self.lookup.rpartition("@")[2]

    @property
    def key(self) -> bytes:
        """SHA-256 of the lookup form: the directory's key."""
        return hashlib.sha256(self.lookup.encode()).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EmailAddress) and self.lookup == other.lookup

    def __hash__(self) -> int:
        return hash(self.lookup)

    def __repr__(self) -> str:
        return "EmailAddress([personal])"

    def __str__(self) -> str:
        return self.display
