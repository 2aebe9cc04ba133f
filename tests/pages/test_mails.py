"""What our mails say: the code, the link to act on first, and nothing that somebody typed about themselves."""

import dataclasses
import re

import pytest

from sigid.kernel.mail import Mail
from sigid.pages import mails
from sigid.pages.i18n import LOCALES
from sigid.pages.render import mails_in
from tests.pages.samples import HALDEN, WHEN

LINK = "https://id.example/act?token=sigid_tk_" + "A1" * 40
MAILS = {
    "verification_code": mails.VerificationCode(code="482913", link=LINK),
    "account_exists": mails.AccountExists(code="482913", recover_url=LINK),
    "signin_code": mails.SignInCode(code="482913"),
    "password_reset": mails.PasswordReset(link=LINK),
    "password_changed": mails.PasswordChanged(when=WHEN, recover_url=LINK),
    "invitation": mails.Invitation(link=LINK),
}
WITHOUT_LINK = {"signin_code"}
WITH_CODE = {"verification_code", "account_exists", "signin_code"}


def test_every_mail_is_here():
    assert {mail.name for mail in MAILS.values()} == {kind.name for kind in mails.MailView.__subclasses__()}
    templates = {name for name in mails_in("en").list_templates() if name.startswith("mail/")}
    assert templates == {f"mail/{name}.txt" for name in MAILS}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", MAILS)
def test_a_mail(name, locale):
    letter = mails.write(MAILS[name], locale, HALDEN)
    Mail(to="mira@halden.example", subject=letter.subject, text=letter.text)  # the mailer takes it as it is
    assert re.findall(r"https?://\S+", letter.text) == ([] if name in WITHOUT_LINK else [LINK])
    assert re.findall(r"(?<!\w)\d{6}(?!\w)", letter.text) == (["482913"] if name in WITH_CODE else [])
    assert "482913" not in letter.subject
    assert "Halden" in letter.subject + letter.text
    assert not re.search(r"[{}]|&\w+;", letter.text)


def test_a_tenant_cannot_write_another_header_or_line():
    evil = dataclasses.replace(HALDEN, name="Halden\r\nBcc: all@example.com\n\nhello {code}")
    for mail in MAILS.values():
        letter = mails.write(mail, "en", evil)
        assert "\n" not in letter.subject
        assert "\nBcc:" not in letter.text
        Mail(to="mira@halden.example", subject=letter.subject, text=letter.text)


def test_mails_do_not_print_codes_and_links():
    for mail in (MAILS["verification_code"], MAILS["password_reset"], MAILS["invitation"], MAILS["signin_code"]):
        assert "482913" not in repr(mail)
        assert LINK not in repr(mail)
