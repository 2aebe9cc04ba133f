"""Signing up, and proving an address by the code of a mail (which also signs in)."""

from sigid import members
from sigid.accounts import WrongCode, passwords, people, sign_in, sign_up
from sigid.kernel.database import Change, change
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import PageError, Throttled
from sigid.kernel.web import Request, Response, redirect
from sigid.pages import letters, signing_in
from sigid.pages.i18n import Message
from sigid.pages.mails import AccountExists, MailView, VerificationCode
from sigid.pages.typed import Typed
from sigid.pages.views import SignUp, Verify
from sigid.pages.visits import Visit

PATH = "/signup"
VERIFY = "/verify"


async def show(request: Request) -> Response:
    visit = await Visit.open(request)
    _refuse_switched_off(visit)
    return _page(visit)


def _refuse_switched_off(visit: Visit) -> None:
    if "password" not in visit.tenant.settings.methods:
        raise PageError("not_found", "method_switched_off", status=404)


def _page(visit: Visit, *, name: str = "", email: str | None = None, typed: Typed | None = None,
          alert: Message | None = None, status: int = 200) -> Response:  # fmt: skip
    page = SignUp(
        **visit.form_of(PATH),
        application=visit.application_name,
        name=name,
        email=visit.interaction.state.get("email", "") if email is None else email,
        sign_in_url=visit.url("/signin"),
        errors=typed.errors if typed is not None else {},
        alert=alert,
    )
    return visit.show(page, status)


async def submit(request: Request) -> Response:
    """Keep what was typed until the address is proved; the page says the same whether it has an account."""
    visit = await Visit.open(request)
    _refuse_switched_off(visit)
    assert visit.form is not None  # noqa: S101  (a POST)
    typed = Typed(visit.form)
    name, email = typed.name(), typed.email()
    password = await typed.new_password(visit.tenant, typed.email_as_typed(), name)
    if email is None or typed.errors:
        return _page(visit, name=name, email=typed.email_as_typed(), typed=typed, status=422)
    try:
        await sign_in.count_code_request(visit.caller, email, visit.browser.device)
    except Throttled as throttled:
        minutes = (throttled.retry_after + 59) // 60
        alert = Message("problem.throttled_only", count=minutes)
        response = _page(visit, name=name, email=typed.email_as_typed(), alert=alert, status=429)
        response.code, response.reason = throttled.code, throttled.reason
        return response.with_header("Retry-After", str(throttled.retry_after))
    hashed = await passwords.hash_password(password)
    known = await people.find(email, request.origin)
    life = visit.tenant.settings.lifetimes.email_code
    async with change(visit.caller) as tx:
        sent = await sign_up.submit(
            tx, visit.interaction, email, name=name, password_hash=hashed, known=known, life=life
        )
        letters.send(tx, sent.to, _mail(visit, sent), visit.locale, visit.brand)
    return redirect(visit.url(VERIFY))


def _mail(visit: Visit, sent: sign_up.Sent) -> MailView:
    minutes = int(visit.tenant.settings.lifetimes.email_code.total_seconds()) // 60
    issuer = visit.request.issuer
    if sent.mail == "account_exists":
        return AccountExists(code=sent.code, recover_url=f"{issuer}{visit.url('/recover')}", minutes=minutes)
    return VerificationCode(code=sent.code, link=f"{issuer}{visit.url(VERIFY)}", minutes=minutes)


async def show_verify(request: Request) -> Response:
    return _verify_page(await Visit.open(request))


def _verify_page(visit: Visit, *, errors: dict[str, Message] | None = None, status: int = 200) -> Response:
    if visit.interaction.code_purpose is None:
        raise PageError("interaction_expired", "code_not_asked_for")
    purpose = "signup" if visit.interaction.code_purpose == "signup" else "signin"
    page = Verify(
        **visit.form_of(VERIFY),
        purpose=purpose,  # type: ignore[arg-type]
        email=visit.interaction.code_address or "",
        minutes=int(visit.tenant.settings.lifetimes.email_code.total_seconds()) // 60,
        back_url=visit.url(PATH if purpose == "signup" else signing_in.PATH),
        errors=errors or {},
    )
    return visit.show(page, status)


async def submit_verify(request: Request) -> Response:
    """Try the code."""
    visit = await Visit.open(request)
    assert visit.form is not None  # noqa: S101  (a POST)
    if visit.interaction.code_purpose is None:
        raise PageError("interaction_expired", "code_not_asked_for")
    typed = Typed(visit.form)
    code = typed.code()
    if typed.errors:
        return _verify_page(visit, errors=typed.errors, status=400)
    try:
        if visit.interaction.code_purpose == "signup":
            made = await sign_up.prove(
                visit.caller, visit.interaction, code, visit.browser.device, visit.absolute, _join(visit),
                visit.sessions,
            )  # fmt: skip
        else:
            made = await sign_in.by_code(
                visit.caller, visit.interaction, code, visit.browser.device, visit.absolute, visit.sessions
            )
    except WrongCode as wrong:
        response = _verify_page(visit, errors={"code": Message("problem.wrong_code")}, status=wrong.status)
        response.code, response.reason = wrong.code, wrong.reason
        return response
    if made is None:
        raise PageError("access_denied", "account_not_active", status=403)
    return await signing_in.signed_in(visit, made)


def _join(visit: Visit) -> sign_up.Join:
    """Her own sign-up at this tenant is the decision to join it."""

    async def join(tx: Change, email: EmailAddress, name: str) -> None:
        if visit.asked is not None:
            await members.arrive(tx, visit.tenant.settings, email, name)

    return join
