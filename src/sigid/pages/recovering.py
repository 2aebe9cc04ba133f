"""A forgotten password: asking for a link, and setting another by it.

The link's token leaves the address bar at once for a cookie, so that neither history nor a Referer holds it.
"""

from functools import partial

from sigid import tenants
from sigid.accounts import Known, passwords, people, recovery, sign_in
from sigid.kernel import callers
from sigid.kernel.database import change, look
from sigid.kernel.errors import PageError, Throttled
from sigid.kernel.events import Event
from sigid.kernel.ids import TenantId
from sigid.kernel.web import Cookie, Request, Response, cookie_name, redirect
from sigid.oauth import ending
from sigid.pages import letters
from sigid.pages.browser import Browser
from sigid.pages.i18n import Message
from sigid.pages.mails import PasswordChanged, PasswordReset
from sigid.pages.shown import brand_of, locale_of
from sigid.pages.shown import show as show_page
from sigid.pages.typed import Typed
from sigid.pages.views import Recover, RecoverSent, Reset, SignIn
from sigid.pages.visits import Visit

PATH, RESET = "/recover", "/reset"
_COOKIE = "sigid_reset"
_MINUTES = 20 * 60


async def show(request: Request) -> Response:
    visit = await Visit.open(request)
    _refuse_switched_off(visit)
    return _page(visit, email=visit.interaction.state.get("email", ""))


def _refuse_switched_off(visit: Visit) -> None:
    if "password" not in visit.tenant.settings.methods:
        raise PageError("not_found", "method_switched_off", status=404)


def _page(visit: Visit, *, email: str, typed: Typed | None = None, alert: Message | None = None,
          status: int = 200) -> Response:  # fmt: skip
    page = Recover(
        **visit.form_of(PATH), email=email, sign_in_url=visit.url("/signin"),
        errors=typed.errors if typed else {}, alert=alert,
    )  # fmt: skip
    return visit.show(page, status)


async def submit(request: Request) -> Response:
    """The same page, in the same time, whether the account exists; the mail goes to the address that is stored."""
    visit = await Visit.open(request)
    _refuse_switched_off(visit)
    assert visit.form is not None  # noqa: S101  (a POST)
    typed = Typed(visit.form)
    email = typed.email()
    if email is None:
        return _page(visit, email=typed.email_as_typed(), typed=typed, status=400)
    try:
        await sign_in.count_code_request(visit.caller, email, visit.browser.device)
    except Throttled as throttled:
        alert = Message("problem.throttled_only", count=(throttled.retry_after + 59) // 60)
        response = _page(visit, email=typed.email_as_typed(), alert=alert, status=429)
        response.code, response.reason = throttled.code, throttled.reason
        return response.with_header("Retry-After", str(throttled.retry_after))
    life = visit.tenant.settings.lifetimes.password_reset
    known = await people.find(email, request.origin)
    async with change(visit.caller) as tx:
        tx.record(Event("recovery.requested", "authenticator", None))
        if known is not None and known.active:
            tx.after(partial(_mail_link, visit, known))
    page = RecoverSent(
        email=email.display, minutes=int(life.total_seconds()) // 60, here=visit.url(PATH),
        again_url=visit.url(PATH), sign_in_url=visit.url("/signin"),
    )  # fmt: skip
    return visit.show(page)


async def _mail_link(visit: Visit, known: Known) -> None:
    """After the answer, which must not take longer where there is an account."""
    life = visit.tenant.settings.lifetimes.password_reset
    async with change(visit.caller.with_account(known.account_id)) as tx:
        handle = await recovery.request(tx, known, life)
        link = f"{visit.request.issuer}{RESET}?token={handle.reveal()}"
        mail = PasswordReset(link=link, minutes=int(life.total_seconds()) // 60)
        letters.send(tx, known.email, mail, visit.locale, visit.brand)


async def show_reset(request: Request) -> Response:
    """With a token: keep it in a cookie and come again without. Opening the link uses nothing up."""
    token = request.query.get("token")
    if token is not None:
        await recovery.find(token, request.origin)
        return redirect(RESET).set_cookie(Cookie(_COOKIE, token, request.settings.secure_cookies, _MINUTES))
    link = await recovery.find(_token(request), request.origin)
    return await _reset_page(request, link)


def _token(request: Request) -> str | None:
    return request.cookies.get(cookie_name(_COOKIE, request.settings.secure_cookies))


async def _reset_page(request: Request, link: recovery.Link, typed: Typed | None = None) -> Response:
    browser = Browser(request)
    browser.ensure()
    async with look(callers.anyone(request.origin)) as tx:
        tenant = await tenants.by_id(tx, link.tenant_id)
    page = Reset(
        action=RESET, here=RESET, csrf=browser.form_token(RESET), email=link.email, errors=typed.errors if typed else {}
    )
    status = 422 if typed else 200
    return browser.remember(show_page(page, locale=locale_of(request), brand=brand_of(tenant), status=status))


async def submit_reset(request: Request) -> Response:
    """Set the password by the link; every session ends, and the person is told."""
    form = (await request.form()).refuse_repeated()
    Browser(request).check_form(form, RESET)
    link = await recovery.find(_token(request), request.origin)
    async with look(callers.anyone(request.origin)) as tx:
        tenant = await tenants.by_id(tx, link.tenant_id)
    if tenant is None:
        raise PageError("link_invalid", "tenant_unknown")
    typed = Typed(form)
    password = await typed.new_password(tenant, link.email, link.name)
    if typed.errors:
        return await _reset_page(request, link, typed)
    hashed = await passwords.hash_password(password)
    caller = callers.in_tenant(TenantId(link.tenant_id), callers.ANONYMOUS, request.origin, link.account_id)
    async with change(caller) as tx:
        ended = await recovery.set_by_link(tx, link, hashed)
        when = PasswordChanged(when=tx.now, recover_url=f"{request.issuer}{PATH}")
        letters.send(tx, link.email, when, locale_of(request, form.get("ui_locales")), brand_of(tenant))
    await ending.sessions_ended(ended, "password_reset", request.origin)
    await ending.grants_ended(link.account_id, "password_reset", request.origin)
    visit = await Visit.begin(request, Browser(request))
    page = SignIn(**visit.form_of("/signin"), email=link.email, notice=Message("notice.password_changed"))
    response = visit.show(page)
    return response.set_cookie(Cookie(_COOKIE, "", request.settings.secure_cookies, 0))
