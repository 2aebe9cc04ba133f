"""A page of each kind in each of its states, as the tests and the gallery draw them."""

from datetime import UTC, datetime

from sigid.pages import views
from sigid.pages.brand import Brand
from sigid.pages.grants import grants_of
from sigid.pages.i18n import Message

HALDEN = Brand(
    name="Halden",
    slug="halden",
    colour="#204ec3",
    version="3",
    policy_uri="https://halden.example/privacy",
    tos_uri="https://halden.example/terms",
    support_uri="mailto:help@halden.example",
)
WHEN = datetime(2026, 11, 24, 18, 42, 7, tzinfo=UTC)
MIRA = views.Person(email="mira@halden.example", name="Mira Okafor")
NOOR = views.Person(email="noor.van-den-heuvel.with.a.long.address@research.brandt.example")
TALLYBOOK = views.Client(name="Tallybook")
HERE = "/signin?interaction=int_1&ui_locales=en"

OURS = {"action": "/post-here", "csrf": "token-of-the-form", "interaction": "int_1", "here": HERE}
SCOPES = {"invoices:read": ("Read your invoices", "Halden Invoices"), "pay": ("Pay an invoice", "Halden Invoices")}

PAGES: dict[str, views.Page] = {
    "signin": views.SignIn(
        **OURS,
        application="Halden Invoices",
        email="mira@halden.example",
        recover_url="/recover?interaction=int_1",
        sign_up_url="/signup?interaction=int_1",
    ),
    "signin-wrong": views.SignIn(
        **OURS,
        application="Halden Invoices",
        email="mira@halden.example",
        recover_url="/recover?interaction=int_1",
        sign_up_url="/signup?interaction=int_1",
        errors={"password": Message("problem.wrong_password")},
    ),
    "signin-throttled": views.SignIn(
        **OURS, email="mira@halden.example", recover_url="/recover", alert=Message("problem.throttled", count=15)
    ),
    "signin-after-reset": views.SignIn(**OURS, recover_url="/recover", notice=Message("notice.password_changed")),
    "signin-code": views.SignIn(**OURS, password=False, errors={"email": Message("problem.email_malformed")}),
    "verify-signup": views.Verify(
        **OURS, purpose="signup", email="mira@halden.example", resend_action="/again", back_url="/signup"
    ),
    "verify-signin": views.Verify(
        **OURS,
        purpose="signin",
        email="mira@halden.example",
        resend_action="/again",
        back_url="/signin",
        notice=Message("verify.resent"),
    ),
    "verify-wrong": views.Verify(
        **OURS, purpose="signin", email="mira@halden.example", errors={"code": Message("problem.wrong_code")}
    ),
    "signup": views.SignUp(**OURS, application="Halden Invoices", sign_in_url="/signin"),
    "signup-wrong": views.SignUp(
        **OURS,
        name="Mira Okafor",
        email="mira@halden",
        sign_in_url="/signin",
        errors={
            "password": Message("problem.new_password.too_short", minimum=8),
            "email": Message("problem.email_malformed"),
        },
    ),
    "open-link": views.OpenLink(**OURS, purpose="signup", email="mira@halden.example"),
    "open-link-invitation": views.OpenLink(**OURS, purpose="invitation", email="mira@halden.example"),
    "recover": views.Recover(**OURS, email="mira@halden.example", sign_in_url="/signin"),
    "recover-sent": views.RecoverSent(
        here=HERE, email="mira@halden.example", again_url="/recover", sign_in_url="/signin"
    ),
    "reset": views.Reset(**OURS, email="mira@halden.example", hidden={"token": "reset-token"}),
    "reset-weak": views.Reset(
        **OURS,
        email="mira@halden.example",
        purpose="address",
        errors={"password": Message("problem.new_password.contains_personal", tenant="Halden")},
    ),
    "join": views.Join(
        **OURS, person=MIRA, application="Halden Invoices", switch_url="/accounts", account_url="/account"
    ),
    "join-nameless": views.Join(**OURS, person=NOOR),
    "consent": views.Consent(
        **OURS,
        client=TALLYBOOK,
        person=MIRA,
        grants=grants_of(("openid", "profile", "email", "invoices:read", "offline_access"), SCOPES),
        host="tallybook.example",
        verified=True,
        switch_url="/accounts",
        account_url="/account",
        policy_uri="https://tallybook.example/privacy",
        tos_uri="https://tallybook.example/terms",
    ),
    "consent-unverified": views.Consent(
        **OURS,
        client=views.Client(name="Halden Support Desk Official", logo_url="/logo/app_1/1.png"),
        person=NOOR,
        grants=grants_of(("openid", "email", "pay", "phone", "unheard:of"), SCOPES),
        host="a-rather-long-host-name-of-somebody.apps.cloud-provider.example",
        verified=False,
        switch_url="/accounts",
        policy_uri="https://tallybook.example/privacy",
    ),
    "consent-device": views.Consent(
        **OURS,
        client=views.Client(name="hal"),
        person=MIRA,
        grants=grants_of(("openid",), SCOPES),
        host=None,
        verified=False,
        tos_uri="https://tallybook.example/terms",
    ),
    "accounts": views.Accounts(
        **OURS,
        application="Halden Invoices",
        accounts=(views.SignedIn(value="0", person=MIRA), views.SignedIn(value="1", person=NOOR)),
        another_url="/signin?another=1",
        sign_out_url="/oauth/end-session",
    ),
    "signout": views.SignOut(**OURS, people=(MIRA, NOOR), stay_url="/account"),
    "signed-out": views.SignedOut(here="/oauth/end-session", sign_in_url="/signin"),
    "signed-out-still": views.SignedOut(here="/oauth/end-session", still_ending=2, sign_in_url="/signin"),
    "setup": views.Setup(**OURS),
    "setup-wrong": views.Setup(
        **OURS,
        email="mira@halden.example",
        name="Mira",
        errors={"password": Message("problem.new_password.breached")},
    ),
    "setup-done": views.SetupDone(email="mira@halden.example", sign_in_url="/signin"),
    "error": views.ErrorPage(
        here=HERE,
        code="redirect_uri_unknown",
        request_id="req_01JDF8K2Q7M3V9XW",
        when=WHEN,
        application="Halden Invoices",
        back_url="https://invoices.halden.example/",
        developer=Message(
            "developer.redirect_uri_unknown", parameter="redirect_uri", sent="https://invoices.halden.example/cb"
        ),
        docs_url="/docs/redirect-uris",
    ),
    "error-finished": views.ErrorPage(
        here=HERE, code="interaction_finished", request_id="req_01JDF8K2Q7M3V9XW", when=WHEN, retry_url="/signin"
    ),
    "error-unheard-of": views.ErrorPage(
        code="unheard_of", request_id="req_01JDF8K2Q7M3V9XW", when=WHEN, developer="The scope is malformed."
    ),
    "form-post": views.FormPost(
        redirect_uri="https://tallybook.example/callback",
        parameters=(("code", "sigid_ac_1"), ("state", 'a"b'), ("iss", "https://id.example")),
        application="Tallybook",
    ),
    "inbox": views.Inbox(
        here="/dev/inbox",
        mails=(
            views.InboxMail(
                to="mira@halden.example",
                subject="Your code for Halden",
                text="Hello,\n\ntype this code where you signed up with Halden:\n\n    482913\n",
                received_at=WHEN,
                links=("http://localhost:8484/verify?token=sigid_ev_" + "x" * 60,),
                code="482913",
            ),
            views.InboxMail(
                to="noor@halden.example", subject="Your password was changed", text="Hello,\n", received_at=WHEN
            ),
        ),
    ),
    "inbox-empty": views.Inbox(here="/dev/inbox", mails=(), to="nobody@halden.example"),
}
