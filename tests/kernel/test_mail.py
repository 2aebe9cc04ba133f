"""Mail to real SMTP servers on this machine, and mails that cannot be made."""

import asyncio
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sigid.kernel import clock
from sigid.kernel.errors import SettingsError
from sigid.kernel.mail import Mail, MailFailed, MailMalformed, SmtpServer, SmtpTransport
from tests.kernel.servers import Authority, says, serving

MAIL = Mail(to="ada@example.com", subject="Your code", text="123456\n\nhttps://id.example.com/verify?code=a.b\n")


class MailServer:
    """What reached the server, and what it is to say."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.refusals: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.refusals.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  (the same)
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return self.refusals.get("DATA", "250 OK")

    def message(self) -> EmailMessage:
        content = self.envelopes[-1].content
        assert isinstance(content, bytes)
        return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(content)

    def text(self) -> str:
        return str(self.message().get_content()).replace("\r\n", "\n")


@asynccontextmanager
async def listening(server: MailServer, tls: ssl.SSLContext | None = None, **options: object) -> AsyncIterator[int]:
    """An SMTP server of aiosmtpd; `tls` from the first byte, `tls_context` by STARTTLS."""
    loop = asyncio.get_running_loop()
    here = await loop.create_server(lambda: SMTP(server, loop=loop, **options), "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]
    try:
        yield here.sockets[0].getsockname()[1]
    finally:
        here.close()
        await here.wait_closed()


@pytest.fixture
def server() -> MailServer:
    return MailServer()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority.file)


async def test_a_mail_arrives(server: MailServer):
    async with listening(server) as port:
        await SmtpTransport(f"smtp://127.0.0.1:{port}", "no-reply@id.example.com").send(MAIL)
    message = server.message()
    assert server.envelopes[0].mail_from == "no-reply@id.example.com"
    assert server.envelopes[0].rcpt_tos == ["ada@example.com"]
    assert (message["From"], message["To"]) == ("no-reply@id.example.com", "ada@example.com")
    assert message["Subject"] == "Your code"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@id.example.com>")
    assert abs((message["Date"].datetime - clock.now()).total_seconds()) < 600
    assert server.text() == MAIL.text
    assert b"https://id.example.com/verify?code=a.b\r\n" in (server.envelopes[0].original_content or b"")


async def test_words_of_any_language_arrive(server: MailServer):
    mail = Mail(
        "ada@example.com", "Ihr Bestätigungscode: 確認", "Grüße\n" + "é" * 2000, sender_name='Bücher, "Acme" & Söhne'
    )
    async with listening(server) as port:
        await SmtpTransport(f"smtp://127.0.0.1:{port}?from=id@example.com").send(mail)
    assert server.message()["Subject"] == mail.subject
    assert server.message()["From"].addresses[0].display_name == mail.sender_name
    assert server.message()["From"].addresses[0].addr_spec == "id@example.com"
    assert server.text() == mail.text + "\n"


async def test_a_domain_of_any_language_is_reached_by_its_ascii_form(server: MailServer):
    async with listening(server) as port:
        await SmtpTransport(f"smtp://127.0.0.1:{port}").send(Mail("ada@straße.example", "Hello", "Hello"))
    assert server.envelopes[0].rcpt_tos == ["ada@xn--strae-oqa.example"]


async def test_a_name_of_any_language_needs_a_server_that_can(server: MailServer):
    mail = Mail("jürgen@example.com", "Hello", "Hello")
    async with listening(server, enable_SMTPUTF8=True) as port:
        await SmtpTransport(f"smtp://127.0.0.1:{port}").send(mail)
    assert server.envelopes[0].rcpt_tos == ["jürgen@example.com"]
    async with listening(server, enable_SMTPUTF8=False) as port:
        await failed(SmtpTransport(f"smtp://127.0.0.1:{port}"), "mail_address_not_supported", permanent=True, mail=mail)


async def test_a_line_that_is_a_dot_ends_nothing(server: MailServer):
    async with listening(server) as port:
        mail = Mail("ada@example.com", "Dots", "a\n.\nMAIL FROM:<eve@example.com>\n..b\n")
        await SmtpTransport(f"smtp://127.0.0.1:{port}").send(mail)
    assert server.text() == mail.text
    assert len(server.envelopes) == 1


async def failed(transport: SmtpTransport, because: str, *, permanent: bool = False, mail: Mail = MAIL) -> None:
    with pytest.raises(MailFailed) as error:
        await asyncio.wait_for(transport.send(mail), 60)
    assert (error.value.reason, error.value.permanent) == (because, permanent)


REFUSALS = {
    "unknown recipient": ("RCPT", "550 no such user", "mail_recipient_refused", True),
    "greylisted": ("RCPT", "451 later", "mail_recipient_refused", False),
    "spam": ("DATA", "554 we do not want it", "mail_refused", True),
    "full": ("DATA", "452 no room", "mail_refused", False),
}


@pytest.mark.parametrize(("at", "answer", "because", "permanent"), REFUSALS.values(), ids=REFUSALS)
async def test_a_server_that_refuses(server: MailServer, at: str, answer: str, because: str, permanent: bool):
    server.refusals[at] = answer
    async with listening(server) as port:
        await failed(SmtpTransport(f"smtp://127.0.0.1:{port}"), because, permanent=permanent)


async def test_a_server_that_is_not_there_or_is_none():
    async with serving(says(b"")) as stranger:
        port = stranger.port
    await failed(SmtpTransport(f"smtp://127.0.0.1:{port}"), "mail_unreachable")
    async with serving(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), speaks_first=True) as stranger:
        await failed(SmtpTransport(f"smtp://127.0.0.1:{stranger.port}"), "mail_unreachable")
    async with serving(says(b"220 hello\r\n"), speaks_first=True) as stranger:
        await failed(SmtpTransport(f"smtp://127.0.0.1:{stranger.port}"), "mail_interrupted")


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch):
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("sigid.kernel.mail._TOTAL_SECONDS", 0.2)
    async with serving(silent) as stranger:
        await failed(SmtpTransport(f"smtp://127.0.0.1:{stranger.port}"), "mail_timed_out")


class TestTls:
    """The way to the server is encrypted, and the server is the one that was named."""

    async def test_starttls(self, server: MailServer, authority: Authority, trusting: ssl.SSLContext):
        async with listening(server, tls_context=authority.server("127.0.0.1")) as port:
            await SmtpTransport(f"smtp://127.0.0.1:{port}?starttls", tls=trusting).send(MAIL)
        assert server.encrypted == [True]

    async def test_tls_from_the_first_byte(self, server: MailServer, authority: Authority, trusting: ssl.SSLContext):
        async with listening(server, tls=authority.server("127.0.0.1")) as port:
            await SmtpTransport(f"smtps://127.0.0.1:{port}", tls=trusting).send(MAIL)
        assert server.message()["Subject"] == "Your code"

    async def test_starttls_not_offered(self, server: MailServer, trusting: ssl.SSLContext):
        async with listening(server) as port:
            await failed(SmtpTransport(f"smtp://127.0.0.1:{port}?starttls=on", tls=trusting), "mail_tls_failed")
        assert server.envelopes == []

    async def test_an_unknown_authority(self, server: MailServer, authority: Authority):
        async with listening(server, tls_context=authority.server("127.0.0.1")) as port:
            await failed(SmtpTransport(f"smtp://127.0.0.1:{port}?starttls=on"), "mail_tls_failed")
        async with listening(server, tls=authority.server("127.0.0.1")) as port:
            await failed(SmtpTransport(f"smtps://127.0.0.1:{port}"), "mail_tls_failed")
        assert server.envelopes == []

    async def test_another_name(self, server: MailServer, authority: Authority, trusting: ssl.SSLContext):
        async with listening(server, tls_context=authority.server("mail.example.com")) as port:
            await failed(SmtpTransport(f"smtp://127.0.0.1:{port}?starttls=on", tls=trusting), "mail_tls_failed")
        assert server.envelopes == []


async def test_a_password_is_sent(server: MailServer, authority: Authority, trusting: ssl.SSLContext):
    def authenticate(_: SMTP, __: Session, ___: Envelope, mechanism: str, data: object) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"id@example.com", b"p:@/ss")
        return AuthResult(success=good, handled=False)

    tls = authority.server("127.0.0.1")
    async with listening(server, tls_context=tls, authenticator=authenticate, auth_required=True) as port:
        url = f"127.0.0.1:{port}?starttls=on"
        await SmtpTransport(f"smtp://id%40example.com:p%3A%40%2Fss@{url}", tls=trusting).send(MAIL)
        await failed(SmtpTransport(f"smtp://id:wrong@{url}", tls=trusting), "mail_authentication_failed")
        await failed(SmtpTransport(f"smtp://{url}", tls=trusting), "mail_sender_refused", permanent=True)
    assert len(server.envelopes) == 1


URLS = {
    "smtp://localhost": ("localhost", 587, "none"),
    "smtp://localhost:2525/?starttls=on": ("localhost", 2525, "starttls"),
    "smtp://[::1]:25": ("::1", 25, "none"),
    "smtp://mail.example.com": ("mail.example.com", 587, "starttls"),
    "smtp://mail.example.com?starttls": ("mail.example.com", 587, "starttls"),
    "smtp://mailpit:1025?starttls=off": ("mailpit", 1025, "none"),
    "smtps://u:p@mail.example.com": ("mail.example.com", 465, "tls"),
}


@pytest.mark.parametrize(("url", "server"), URLS.items(), ids=URLS)
def test_a_setting_is_read(url: str, server: tuple[str, int, str]):
    SmtpTransport(url)
    parsed = SmtpServer.parse(url)
    assert (parsed.host, parsed.port, parsed.security) == server


@pytest.mark.parametrize(
    "url",
    [
        "", "mail.example.com", "http://mail.example.com", "smtp://", "smtp:mail.example.com", "smtp://host:0",
        "smtp://host:99999", "smtp://host:port", "smtp://hidden@host", "smtp://hidden:@host", "smtp://:hidden@host",
        "smtp://host/inbox", "smtp://host#hidden", "smtp://host?tls=on", "smtp://host?starttls=maybe",
        "smtps://host?starttls=off", "smtp://u:hidden@host?starttls=off", "smtp://host?from=hidden",
        "smtp://host?from=a@b.example%0d%0aBcc:hidden@c.example", "smtp://ho\r\nst", "smtp://[::1",
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_and_not_repeated(url: str):
    with pytest.raises(SettingsError) as error:
        SmtpTransport(url)
    assert str(error.value).startswith("SIGID_SMTP_URL ")
    assert "hidden" not in str(error.value)


MALFORMED = {
    "line break in the address": {"to": "ada@example.com\r\nBcc: eve@example.com"},
    "line feed in the address": {"to": "ada@example.com\n"},
    "two addresses": {"to": "ada@example.com, eve@example.com"},
    "two addresses in one": {"to": "ada@example.com@example.com"},
    "a name": {"to": "Ada <ada@example.com>"},
    "a quoted local part": {"to": '"ada\r\nBcc: eve"@example.com'},
    "a route": {"to": "<@example.com:ada@example.com>"},
    "NUL": {"to": "ada\0@example.com"},
    "a comment": {"to": "ada(x)@example.com"},
    "no address": {"to": ""},
    "a long address": {"to": "a" * 300 + "@example.com"},
    "line break in the subject": {"subject": "Hello\r\nBcc: eve@example.com"},
    "carriage return in the subject": {"subject": "Hello\rBcc: eve@example.com"},
    "line separator in the subject": {"subject": "Hello\u2028Bcc: eve@example.com"},
    "next line in the subject": {"subject": "Hello\x85Bcc: eve@example.com"},
    "a long subject": {"subject": "a" * 201},
    "half a surrogate in the subject": {"subject": "\ud800"},
    "line break in the sender's name": {"sender_name": "Acme\nBcc: eve@example.com"},
    "half a surrogate in the text": {"text": "\ud800"},
    "a long text": {"text": "a" * 100_001},
}


@pytest.mark.parametrize("part", MALFORMED.values(), ids=MALFORMED)
def test_a_mail_that_cannot_be_made(part: dict[str, str]):
    with pytest.raises(MailMalformed) as error:
        Mail(**{"to": "ada@example.com", "subject": "Hello", "text": "Hello", **part})
    assert "eve" not in str(error.value)


def test_a_mail_does_not_print():
    assert "123456" not in repr(MAIL) + str(MAIL)
    assert "ss" not in repr(SmtpServer.parse("smtps://u:ss@host").password)
