"""Mail: what one is, and the way to a mail server (RFC 5321, RFC 5322, RFC 3207, RFC 8314).

Nothing that a person typed can add a header or a recipient: a mail with a line break, a control character or anything
but one address where one belongs cannot be made. The connection is encrypted and the server's certificate verified,
unless the server is on this machine or the setting says otherwise. Mails never print: they hold codes and links.
"""

import asyncio
import secrets
import ssl
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Final, Literal, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

from sigid.kernel import clock
from sigid.kernel.email_addresses import EmailAddress, EmailMalformed
from sigid.kernel.errors import SettingsError, SigidError
from sigid.kernel.http.addresses import parsed
from sigid.kernel.secrets import Secret

MAX_SUBJECT_LENGTH: Final = 200
MAX_TEXT_LENGTH: Final = 100_000
_STEP_SECONDS: Final = 15.0
_TOTAL_SECONDS: Final = 60.0
_LONGEST_PLAIN_LINE: Final = 900  # RFC 5322 section 2.1.1 ends at 998

MailReason = Literal[
    "mail_unreachable",
    "mail_timed_out",
    "mail_tls_failed",
    "mail_authentication_failed",
    "mail_sender_refused",
    "mail_recipient_refused",
    "mail_address_not_supported",
    "mail_refused",
    "mail_interrupted",
]


class MailMalformed(SigidError):
    """A mail that cannot be made. The message names the part and repeats nothing of it."""


class MailFailed(SigidError):
    """The mail server did not take it. `permanent`: it will not take it later either."""

    def __init__(self, reason: MailReason, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason: MailReason = reason
        self.permanent = permanent


@dataclass(frozen=True, slots=True, repr=False)
class Mail:
    """A mail of plain text to one person. `sender_name` stands beside the installation's own address."""

    to: str
    subject: str
    text: str
    sender_name: str = ""

    def __post_init__(self) -> None:
        try:
            EmailAddress.parse(self.to)
        except EmailMalformed:
            raise MailMalformed("to: not an e-mail address") from None
        for part, value, limit in (
            ("subject", self.subject, MAX_SUBJECT_LENGTH),
            ("sender name", self.sender_name, MAX_SUBJECT_LENGTH),
        ):
            if len(value) > limit or any(unicodedata.category(character) in _UNSAFE for character in value):
                raise MailMalformed(f"{part}: too long, or with a line break or control character")
        if len(self.text) > MAX_TEXT_LENGTH or any(unicodedata.category(character) == "Cs" for character in self.text):
            raise MailMalformed("text: too long, or with half a surrogate")

    def __repr__(self) -> str:
        return "Mail([secret])"


_UNSAFE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, half surrogates, line and paragraph separators


class MailTransport(Protocol):
    """Whatever takes mails: a mail server, or a list in a test."""

    async def send(self, mail: Mail) -> None:
        """Hand one mail over. Raises MailFailed."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """What `SIGID_SMTP_URL` says: `smtp(s)://user:password@host:port?from=no-reply@example.com&starttls=on|off`.

    `smtps` speaks TLS from the first byte (port 465). `smtp` (port 587) turns to TLS by STARTTLS, which a server on
    this machine need not offer; elsewhere `starttls=off` says that the network between is trusted, and then no
    password is sent.
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str | None = None
    password: Secret | None = field(default=None)
    sender: str | None = None

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Raises SettingsError, which names the setting and repeats nothing of the URL."""
        try:
            parts = urlsplit(url)
            port = parts.port
            options = dict(parse_qsl(parts.query, keep_blank_values=True))
        except ValueError:
            raise _wrong("must be smtp(s)://user:password@host:port") from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == 0 or not url.isprintable():
            raise _wrong("must be smtp(s)://user:password@host:port")
        if parts.path not in ("", "/") or parts.fragment or options.keys() - {"starttls", "from"}:
            raise _wrong("takes no path and no options but starttls and from (escape special characters with %)")
        security = _security(parts.scheme, parts.hostname, options.get("starttls"))
        if parts.password is not None and security == "none" and not _on_this_machine(parts.hostname):
            raise _wrong("must not send a password without TLS: use smtps or leave starttls on")
        if bool(parts.username) != bool(parts.password):
            raise _wrong("must have both a user and a password, or neither")
        return cls(
            host=parts.hostname,
            port=port or (465 if security == "tls" else 587),
            security=security,
            user=unquote(parts.username) if parts.username else None,
            password=Secret(unquote(parts.password)) if parts.password else None,
            sender=_sender(options["from"]) if "from" in options else None,
        )

    @property
    def name(self) -> str:
        """The host's name; an address has none."""
        return "localhost" if _on_this_machine(self.host) or parsed(self.host) else self.host


def _wrong(rule: str) -> SettingsError:
    return SettingsError(f"SIGID_SMTP_URL {rule}")


def _sender(text: str) -> str:
    try:
        return EmailAddress.parse(text, dotless=True).mailbox
    except EmailMalformed:
        raise _wrong("has a from that is not an e-mail address") from None


def _security(scheme: str, host: str, starttls: str | None) -> Literal["tls", "starttls", "none"]:
    if starttls not in (None, "", "on", "off") or (scheme == "smtps" and starttls is not None):
        raise _wrong("may have starttls=on or starttls=off, with smtp alone")
    if scheme == "smtps":
        return "tls"
    off = starttls == "off" or (starttls is None and _on_this_machine(host))
    return "none" if off else "starttls"


def _on_this_machine(host: str) -> bool:
    address = parsed(host)
    return host == "localhost" if address is None else address.is_loopback


class SmtpTransport:
    """A mail server. Each mail has a connection of its own, so a broken one harms no other."""

    def __init__(self, url: str, sender: str | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        """`sender` is the address in From where the URL names none. Raises SettingsError."""
        self._server = SmtpServer.parse(url)
        self._sender = self._server.sender or _sender(sender or f"no-reply@{self._server.name}")
        self._domain = self._sender.rpartition("@")[2]
        self._tls = tls or ssl.create_default_context()

    async def send(self, mail: Mail) -> None:
        """Hand one mail to the server. Raises MailFailed."""
        message = self._message(mail)
        connection = self._connection()
        try:
            async with asyncio.timeout(_TOTAL_SECONDS):
                await self._open(connection)
                await connection.send_message(
                    message, sender=self._sender, recipients=[message["To"].addresses[0].addr_spec]
                )
                with suppress(aiosmtplib.SMTPException, OSError):  # it has the mail: how we part changes nothing
                    await connection.quit()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise _failure(error) from error
        finally:
            connection.close()

    def _connection(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.security == "tls",
            start_tls=False,  # `_open` asks for it, and for the login after it, to tell what failed
            tls_context=self._tls,
            local_hostname=self._domain,  # not the machine's own name, which is nobody's business
            timeout=_STEP_SECONDS,
        )

    async def _open(self, connection: aiosmtplib.SMTP) -> None:
        try:
            await connection.connect()
        except aiosmtplib.SMTPTimeoutError:
            raise
        except aiosmtplib.SMTPException as error:
            about_tls = isinstance(error.__cause__, ssl.SSLError)
            raise MailFailed("mail_tls_failed" if about_tls else "mail_unreachable") from error
        if self._server.security == "starttls":
            try:
                await connection.starttls()
            except (aiosmtplib.SMTPException, OSError) as error:  # not offered, refused, not verified: no way on
                raise MailFailed("mail_tls_failed") from error
        if self._server.user is not None and self._server.password is not None:
            try:
                await connection.login(self._server.user, self._server.password.reveal())
            except aiosmtplib.SMTPTimeoutError:
                raise
            except aiosmtplib.SMTPException as error:
                raise MailFailed("mail_authentication_failed") from error

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = _header(self._sender, mail.sender_name)
        message["To"] = _header(EmailAddress.parse(mail.to).mailbox)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<{secrets.token_hex(16)}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        message["X-Auto-Response-Suppress"] = "All"
        text = mail.text.replace("\r\n", "\n").replace("\r", "\n")
        plain = text.isascii() and max(map(len, text.split("\n"))) <= _LONGEST_PLAIN_LINE
        message.set_content(text, cte="7bit" if plain else "quoted-printable")
        return message


def _header(address: str, name: str = "") -> Address:
    """In two parts: given whole, `Address` refuses local parts beyond ASCII (RFC 6532)."""
    local_part, _, domain = address.rpartition("@")
    return Address(name, local_part, domain)


def _failure(error: Exception) -> MailFailed:
    match error:
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            return MailFailed("mail_timed_out")
        case aiosmtplib.SMTPRecipientsRefused():
            return MailFailed(
                "mail_recipient_refused", permanent=all(refused.code >= 500 for refused in error.recipients)
            )
        case aiosmtplib.SMTPSenderRefused():
            return MailFailed("mail_sender_refused", permanent=error.code >= 500)
        case aiosmtplib.SMTPResponseException():
            return MailFailed("mail_refused", permanent=error.code >= 500)
        case aiosmtplib.SMTPNotSupported():
            return MailFailed("mail_address_not_supported", permanent=True)
        case _:
            return MailFailed("mail_interrupted")
