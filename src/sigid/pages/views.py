"""What each page shows: a frozen view a page, named as the page, with the template that draws it.

Routes fill a view and hand it to `render`. Words of ours are `Message`s, said in the reader's language when the page is
drawn; a plain `str` is somebody's own (a name, a description of a scope) and is only escaped. Each form carries its
`csrf` token and, where a sign-in is under way, its `interaction`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from sigid.pages.csp import is_custom_scheme
from sigid.pages.grants import Grant
from sigid.pages.i18n import DEFAULT_LOCALE, Message, Text, catalogue


def _initials(name: str) -> str:
    """Two letters that stand in a mark: of the first and the last word, else the first two of the only one."""
    words = [letters for word in name.split() if (letters := "".join(filter(str.isalnum, word)))]
    if not words:
        return "?"
    return (words[0][0] + words[-1][0]).upper() if len(words) > 1 else words[0][:2].capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in: a circle with initials, and the address beside it."""

    email: str
    name: str = ""

    @property
    def initials(self) -> str:
        """What stands in the circle."""
        return _initials(self.name or self.email.partition("@")[0].replace(".", " ")).upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The application that asks: a square. `logo_url` is our own copy of its logo."""

    name: str
    logo_url: str | None = None

    @property
    def initials(self) -> str:
        """What stands in the square."""
        return _initials(self.name).capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page has. `here` is its own address by GET, for the links to other languages.

    `alert` is a failure of the whole page, `errors` are failures of its `fields` by their name, `notice` is good news.
    """

    template: ClassVar[str]
    has_form: ClassVar[bool] = False
    fields: ClassVar[tuple[str, ...]] = ()

    here: str = ""
    alert: Message | None = None
    notice: Message | None = None
    errors: Mapping[str, Message] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := self.errors.keys() - set(self.fields):
            raise ValueError(f"{type(self).__name__} has no field to show this at: {sorted(unknown)}")

    @property
    def first_bad(self) -> str | None:
        """The field to look at first, in the page's order."""
        return next((name for name in self.fields if name in self.errors), None)

    @property
    def failed(self) -> bool:
        """Whether the page comes back with something to put right."""
        return self.alert is not None or bool(self.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage(Page):
    """A page with a form of ours. `hidden` are further fields that go along unseen."""

    has_form: ClassVar[bool] = True

    action: str
    csrf: str = field(repr=False)
    interaction: str = field(default="", repr=False)
    hidden: Mapping[str, str] = field(default_factory=dict, repr=False)


# Signing in and up


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(FormPage):
    """Address and password, or a code by mail. Without `password` it asks where to send the code."""

    template: ClassVar[str] = "signin.html"
    fields: ClassVar[tuple[str, ...]] = ("email", "password")

    application: str = ""
    email: str = ""
    password: bool = True
    email_code: bool = True
    recover_url: str | None = None
    sign_up_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify(FormPage):
    """A code from a mail, for a new account's address or to sign in. The words don't tell if there is an account."""

    template: ClassVar[str] = "verify.html"
    fields: ClassVar[tuple[str, ...]] = ("code",)

    purpose: Literal["signup", "signin"]
    email: str
    minutes: int = 10
    resend_action: str | None = None
    back_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp(FormPage):
    """A new account."""

    template: ClassVar[str] = "signup.html"
    fields: ClassVar[tuple[str, ...]] = ("name", "email", "password")

    application: str = ""
    name: str = ""
    email: str = ""
    minimum: int = 8
    sign_in_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink(FormPage):
    """A link from a mail was opened: reading it does nothing, the button does (mail scanners open links too)."""

    template: ClassVar[str] = "open_link.html"

    purpose: Literal["signup", "signin", "invitation"]
    email: str


# Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Recover(FormPage):
    """Where to send a link that sets a new password."""

    template: ClassVar[str] = "recover.html"
    fields: ClassVar[tuple[str, ...]] = ("email",)

    email: str = ""
    sign_in_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverSent(Page):
    """The same page whether the account exists or not."""

    template: ClassVar[str] = "recover_sent.html"

    email: str
    minutes: int = 20
    again_url: str | None = None
    sign_in_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(FormPage):
    """A new password: forgotten, or for an address that was just proved from another browser."""

    template: ClassVar[str] = "reset.html"
    fields: ClassVar[tuple[str, ...]] = ("password",)

    email: str
    purpose: Literal["forgotten", "address"] = "forgotten"
    minimum: int = 8


# Who, and whether


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(FormPage):
    """A person with an account comes to a tenant that does not know them: which profile it gets."""

    template: ClassVar[str] = "join.html"

    person: Person
    application: str = ""
    switch_url: str | None = None
    account_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(FormPage):
    """What an application asks for: who, what, how long, how to stop.

    `host` is where the answer goes, None for an application on the person's device.
    """

    template: ClassVar[str] = "consent.html"

    client: Client
    person: Person
    grants: tuple[Grant, ...]
    host: str | None
    verified: bool
    switch_url: str | None = None
    account_url: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None

    @property
    def threads(self) -> tuple[float, ...]:
        """The heights of the lines between person and application: one a grant, 6 apart while there is room."""
        count = len(self.grants)
        gap = min(6.0, 30 / max(1, count - 1))
        return tuple(round(20 + gap * (place - (count - 1) / 2), 1) for place in range(count))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """One of several accounts that are signed in side by side; `value` is what its button sends as `account`."""

    value: str
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts(FormPage):
    """Which of the accounts that are signed in here goes on."""

    template: ClassVar[str] = "accounts.html"

    accounts: tuple[SignedIn, ...]
    application: str = ""
    another_url: str | None = None
    sign_out_url: str | None = None


# Ends


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut(FormPage):
    """Asks before a sign-out that nobody vouches for."""

    template: ClassVar[str] = "signout.html"

    people: tuple[Person, ...] = ()
    stay_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Page):
    """It is done; `still_ending` applications are being told."""

    template: ClassVar[str] = "signed_out.html"

    still_ending: int = 0
    sign_in_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup(FormPage):
    """The one-time link of a tenant's first owner."""

    template: ClassVar[str] = "setup.html"
    fields: ClassVar[tuple[str, ...]] = ("email", "name", "password")

    email: str = ""
    name: str = ""
    minimum: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupDone(Page):
    """The first owner exists."""

    template: ClassVar[str] = "setup_done.html"

    email: str
    sign_in_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    """What happened, what to do, and the request to name when asking for help. `code` chooses the words."""

    template: ClassVar[str] = "error.html"

    code: str
    request_id: str
    when: datetime
    application: str = ""
    back_url: str | None = None
    retry_url: str | None = None
    developer: Text | None = None  # a str is an error_description: English, as on the wire
    docs_url: str | None = None

    @property
    def words(self) -> str:
        """The section of the catalogue: that of the code, or the one for all others."""
        known = f"error.{self.code}.title" in catalogue(DEFAULT_LOCALE).texts
        return f"error.{self.code}" if known else "error.other"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPost(Page):
    """The answer of an authorization on its way to the application (OAuth 2.0 Form Post Response Mode)."""

    template: ClassVar[str] = "form_post.html"
    has_form: ClassVar[bool] = True

    redirect_uri: str
    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    application: str = ""

    def __post_init__(self) -> None:  # it has no fields of ours, so nothing else is to be checked
        scheme = self.redirect_uri.partition(":")[0].lower()
        if scheme not in {"https", "http"} and not is_custom_scheme(scheme):
            raise ValueError("a form is posted to an http address or an application's own scheme only")


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMail:
    """A mail as the development inbox shows it."""

    to: str
    subject: str
    text: str = field(repr=False)
    received_at: datetime
    links: tuple[str, ...] = field(default=(), repr=False)
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox(Page):
    """Development only: the mails that would have been sent, newest first."""

    template: ClassVar[str] = "inbox.html"

    mails: tuple[InboxMail, ...]
    to: str = ""
