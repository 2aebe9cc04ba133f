"""The mails that people get, in plain text: what happened, what to do, and what to do if it wasn't you.

Nothing that a person typed about themselves stands in a mail, so that nobody can make us write to a stranger in their
words. The first link of a mail is the one to act on; its only six digits are its code.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, NamedTuple

from sigid.pages.brand import Brand
from sigid.pages.i18n import catalogue
from sigid.pages.render import mails_in


class Letter(NamedTuple):
    """A mail in somebody's language, to be addressed and sent."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """What a mail says. `name` is its template and its section of the catalogue."""

    name: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationCode(MailView):
    """To a new account's address."""

    name: ClassVar[str] = "verification_code"
    code: str = field(repr=False)
    link: str = field(repr=False)
    minutes: int = 10
    hours: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExists(MailView):
    """Sign-up with an address that has an account: the code proves the address, and then she signs in."""

    name: ClassVar[str] = "account_exists"
    code: str = field(repr=False)
    recover_url: str
    minutes: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCode(MailView):
    """A code that signs in."""

    name: ClassVar[str] = "signin_code"
    code: str = field(repr=False)
    minutes: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(MailView):
    """A link that sets a new password."""

    name: ClassVar[str] = "password_reset"
    link: str = field(repr=False)
    minutes: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(MailView):
    """The password was changed: to every verified address."""

    name: ClassVar[str] = "password_changed"
    when: datetime
    recover_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(MailView):
    """A tenant invites somebody."""

    name: ClassVar[str] = "invitation"
    link: str = field(repr=False)
    days: int = 7


def write(mail: MailView, locale: str, brand: Brand) -> Letter:
    """The mail in the reader's language. A tenant's name is one line, whatever was typed."""
    tenant = " ".join(brand.name.split())
    text = mails_in(locale).get_template(f"mail/{mail.name}.txt").render(mail=mail, tenant=tenant)
    return Letter(catalogue(locale).plain(f"mail.{mail.name}.subject", tenant=tenant), text)
