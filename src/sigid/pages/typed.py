"""What a person typed into a form: read with its limits, told in words where it can't be."""

from typing import Final

from sigid.accounts import Personal, password_rules
from sigid.kernel.email_addresses import EmailAddress, EmailMalformed
from sigid.kernel.web import Form
from sigid.pages.i18n import Message
from sigid.tenants import Tenant

LONGEST_NAME: Final = 200
MAX_PASSWORD: Final = 256


class Typed:
    """The values of a form and, by field, what is wrong with them."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.errors: dict[str, Message] = {}

    def email(self) -> EmailAddress | None:
        text = (self._form.get("email") or "").strip()
        if not text:
            self.errors["email"] = Message("problem.email_missing")
            return None
        try:
            return EmailAddress.parse(text)
        except EmailMalformed:
            self.errors["email"] = Message("problem.email_malformed")
            return None

    def email_as_typed(self) -> str:
        """To show again."""
        return (self._form.get("email") or "").strip()[:320]

    def name(self) -> str:
        text = (self._form.get("name") or "").strip()
        if not text:
            self.errors["name"] = Message("problem.name_missing")
        elif len(text) > LONGEST_NAME or not text.isprintable():
            self.errors["name"] = Message("problem.name_malformed", maximum=LONGEST_NAME)
        return text

    def password(self) -> str:
        """Exactly as typed; to compare with."""
        text = self._form.get("password") or ""
        if not text:
            self.errors["password"] = Message("problem.password_missing")
        return text

    async def new_password(self, tenant: Tenant, email: str, name: str) -> str:
        """Exactly as typed; to set, so it is judged."""
        text = self.password()
        if text and not (weakness := await password_rules.judge(text, Personal(email, name, tenant.name, tenant.slug))):
            return text
        if text and weakness:
            self.errors["password"] = weakness_in_words(weakness, tenant)
        return text

    def code(self) -> str:
        text = (self._form.get("code") or "")[:32]
        if not text.strip():
            self.errors["code"] = Message("problem.code_missing")
        return text


def weakness_in_words(weakness: password_rules.Weakness, tenant: Tenant) -> Message:
    values: dict[str, str | int] = {}
    if weakness is password_rules.Weakness.TOO_SHORT:
        values["minimum"] = password_rules.MIN_LENGTH
    elif weakness is password_rules.Weakness.TOO_LONG:
        values["maximum"] = MAX_PASSWORD
    elif weakness is password_rules.Weakness.CONTAINS_PERSONAL:
        values["tenant"] = tenant.name
    return Message(f"problem.new_password.{weakness.value}", **values)
