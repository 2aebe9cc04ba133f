"""Sending what a use case wants mailed: in the reader's language, in the tenant's name, in the unit's transaction."""

from sigid.kernel.database import Use
from sigid.kernel.mail import Mail
from sigid.kernel.outbox import Outbox
from sigid.pages.brand import Brand
from sigid.pages.mails import MailView, write

_outbox: Outbox | None = None


def install(outbox: Outbox) -> None:
    """This process's outgoing mail."""
    global _outbox
    _outbox = outbox


def send(tx: Use, to: str, mail: MailView, locale: str, brand: Brand) -> None:
    """Mail it if and when the unit commits."""
    if _outbox is None:
        raise RuntimeError("no outbox is installed")
    letter = write(mail, locale, brand)
    _outbox.enqueue(tx, Mail(to, letter.subject, letter.text, brand.name))
