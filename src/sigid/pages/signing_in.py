"""Signing in: by password, or by asking for a code."""

from sigid.accounts import NeedsProof, SignedIn, WrongPassword, interactions, people, sessions, sign_in
from sigid.kernel.database import Change, change
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import PageError, Throttled
from sigid.kernel.events import Event
from sigid.kernel.web import Request, Response, redirect
from sigid.pages import letters
from sigid.pages.i18n import Message
from sigid.pages.mails import SignInCode
from sigid.pages.typed import Typed
from sigid.pages.views import SignIn
from sigid.pages.visits import Visit

PATH = "/signin"


async def show(request: Request) -> Response:
    return _page(await Visit.open(request))


def _page(visit: Visit, *, email: str | None = None, alert: Message | None = None, typed: Typed | None = None,
          status: int = 200) -> Response:  # fmt: skip
    methods = visit.tenant.settings.methods
    open_to_all = visit.tenant.settings.sign_up != "invited"
    page = SignIn(
        **visit.form_of(PATH),
        application=visit.application_name,
        email=visit.interaction.state.get("email", "") if email is None else email,
        password="password" in methods,
        email_code="email_code" in methods,
        recover_url=visit.url("/recover") if "password" in methods else None,
        sign_up_url=visit.url("/signup") if open_to_all and "password" in methods else None,
        alert=alert,
        errors=typed.errors if typed is not None else {},
    )
    return visit.show(page, status)


async def submit(request: Request) -> Response:
    """By `method=email_code` a code is sent; else the password is compared."""
    visit = await Visit.open(request)
    assert visit.form is not None  # noqa: S101  (a POST)
    typed = Typed(visit.form)
    email = typed.email()
    if visit.form.get("method") == "email_code":
        return await _send_code(visit, typed, email)
    if "password" not in visit.tenant.settings.methods:
        raise PageError("not_found", "method_switched_off", status=404)
    password = typed.password()
    if email is None or typed.errors:
        return _page(visit, email=typed.email_as_typed(), typed=typed, status=400)
    try:
        made = await sign_in.by_password(
            visit.caller, visit.interaction, email, password, visit.browser.device, visit.absolute,
            visit.sessions,
        )  # fmt: skip
        if isinstance(made, NeedsProof):  # its code counts like any other: a right password brings no endless tries
            await sign_in.count_code_request(visit.caller, email, visit.browser.device)
    except WrongPassword as wrong:
        by_code = "email_code" in visit.tenant.settings.methods
        key = "problem.wrong_password" if by_code else "problem.wrong_password_only"
        response = _page(visit, email=typed.email_as_typed(), alert=Message(key), status=wrong.status)
        response.code, response.reason = wrong.code, wrong.reason
        return response
    except Throttled as throttled:
        return held_back(visit, typed, throttled)
    if isinstance(made, NeedsProof):
        async with change(visit.caller) as tx:
            await _mail_code(tx, visit, email, made.known.email, password_of=email.lookup)
        return redirect(visit.url("/verify"))
    return await signed_in(visit, made)


def held_back(visit: Visit, typed: Typed, throttled: Throttled) -> Response:
    """Too many tries: when to come back, and that a code by mail goes through at once."""
    minutes = (throttled.retry_after + 59) // 60
    key = "problem.throttled" if "email_code" in visit.tenant.settings.methods else "problem.throttled_only"
    response = _page(visit, email=typed.email_as_typed(), alert=Message(key, count=minutes), status=429)
    response.code, response.reason = throttled.code, throttled.reason
    return response.with_header("Retry-After", str(throttled.retry_after))


async def _send_code(visit: Visit, typed: Typed, email: EmailAddress | None) -> Response:
    if "email_code" not in visit.tenant.settings.methods:
        raise PageError("not_found", "method_switched_off", status=404)
    if email is None:
        return _page(visit, email=typed.email_as_typed(), typed=typed, status=400)
    try:
        await sign_in.count_code_request(visit.caller, email, visit.browser.device)
    except Throttled as throttled:
        return held_back(visit, typed, throttled)
    known = await people.find(email, visit.request.origin)
    async with change(visit.caller) as tx:
        to = known.email if known is not None and known.active else None
        await _mail_code(tx, visit, email, to)
    return redirect(visit.url("/verify"))


async def _mail_code(tx: Change, visit: Visit, email: EmailAddress, to: str | None, *, password_of: str = "") -> None:
    """A code is made in either case, so that both take the same time; it is sent where there is an account."""
    life = visit.tenant.settings.lifetimes.email_code
    code = await interactions.send_code(tx, visit.interaction, "signin", email.display, life, password_of=password_of)
    tx.record(Event("auth.code.requested", "session", None))
    if to is not None:
        mail = SignInCode(code=code, minutes=int(life.total_seconds()) // 60)
        letters.send(tx, to, mail, visit.locale, visit.brand)


async def signed_in(visit: Visit, made: SignedIn) -> Response:
    """Give the browser its new session, in front of those of other people, and go on."""
    handles = [made.handle, *(one.handle for one in visit.sessions if one.account_id != made.account_id)]
    response = await (await visit.reread(handles)).go_on()
    visit.browser.keep_sessions(response, sessions.cookie_of(handles))
    if made.device is not None:
        visit.browser.keep_device(response, made.device.reveal())
    return response
