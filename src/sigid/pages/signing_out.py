"""Signing out: RP-Initiated Logout 1.0, and the page's own link.

With an ID token of ours as a hint the application is believed; without, the person is asked. It redirects only to an
address that the hint's client registered, exactly.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from sigid import applications, tenants
from sigid.accounts import Session, sessions
from sigid.applications import Found
from sigid.kernel import callers
from sigid.kernel.database import change, look
from sigid.kernel.errors import InvalidToken, PageError
from sigid.kernel.web import Form, Request, Response, redirect, with_query
from sigid.oauth import ending
from sigid.pages.browser import Browser
from sigid.pages.shown import brand_of, locale_of
from sigid.pages.shown import show as show_page
from sigid.pages.views import Person, SignedOut, SignOut
from sigid.pages.visits import idle_of
from sigid.tenants import Tenant
from sigid.tokens import Hint, identity

PATH = "/oauth/end-session"
_LONGEST_STATE = 4096


@dataclass(frozen=True)
class Asked:
    """What was asked, as far as it can be believed. `redirect_to` only with a hint and an address of its client."""

    hint: Hint | None
    found: Found | None
    redirect_to: str | None

    @property
    def tenant(self) -> Tenant | None:
        return self.found.tenant if self.found is not None else None


async def show(request: Request) -> Response:
    """GET."""
    return await _answer(request, request.query.refuse_repeated())


async def submit(request: Request) -> Response:
    """POST: by an application, or the form of our own page."""
    form = (await request.form()).refuse_repeated()
    if "csrf" not in form:
        if _from_elsewhere(request):
            return redirect(f"{PATH}?{urlencode({name: form.raw(name) or '' for name in form.names()})}")
        return await _answer(request, form)
    browser = Browser(request)
    browser.check_form(form, PATH)
    return await _end(request, browser, await _read(request, form), everything=True)


def _from_elsewhere(request: Request) -> bool:
    """Another site's form brings no session cookie: only a GET of our own sees whom to sign out."""
    site, origin = request.header("sec-fetch-site"), request.header("origin")
    return site == "cross-site" if site is not None else origin not in (None, request.issuer)


async def _answer(request: Request, parameters: Form) -> Response:
    browser = Browser(request)
    asked = await _read(request, parameters)
    if asked.hint is not None and asked.found is not None:
        live = await sessions.load(browser.sessions, request.origin, idle_of(asked.found.tenant))
        if not live or await _hinted(asked, live, request) is not None:
            return await _end(request, browser, asked, everything=False)
    return await _ask(request, browser, asked, parameters)


async def _read(request: Request, parameters: Form) -> Asked:
    text = parameters.get("id_token_hint")
    if text is None:
        return Asked(None, None, None)
    try:
        hint = await identity.hint(text, request.issuer)
    except InvalidToken:
        return Asked(None, None, None)
    client_id = parameters.get("client_id")
    found = await applications.find(hint.client_id, request.origin)
    if found is None or not found.active or client_id not in (None, hint.client_id):
        return Asked(None, None, None)
    uri = parameters.get("post_logout_redirect_uri")
    if uri is not None and uri not in found.application.post_logout_redirect_uris:
        raise PageError("redirect_uri_unknown", "post_logout_redirect_uri_not_registered")
    state = parameters.get("state")
    if uri is not None and state is not None:
        if len(state) > _LONGEST_STATE:
            raise PageError("redirect_uri_unknown", "state_too_long")
        uri = with_query(uri, {"state": state})
    return Asked(hint, found, uri)


async def _hinted(asked: Asked, live: list[Session], request: Request) -> Session | None:
    """The session of this browser that the hint's `sid` names."""
    if asked.hint is None or asked.found is None or asked.hint.sid is None:
        return None
    for one in live:
        async with look(callers.as_account(one.account_id, request.origin)) as tx:
            if await sessions.sid_at(tx, one.id, asked.found.tenant.id) == asked.hint.sid:
                return one
    return None


async def _ask(request: Request, browser: Browser, asked: Asked, parameters: Form) -> Response:
    browser.ensure()
    async with look(callers.anyone(request.origin)) as tx:
        installation = await tenants.by_id(tx, tenants.INSTALLATION)
    live = await sessions.load(browser.sessions, request.origin, idle_of(installation)) if installation else []
    page = SignOut(
        action=PATH, here=PATH, csrf=browser.form_token(PATH),
        people=tuple(Person(email=one.email, name=one.name) for one in live),
    )  # fmt: skip
    locale = locale_of(request, parameters.get("ui_locales"))
    return browser.remember(show_page(page, locale=locale, brand=brand_of(asked.tenant)))


async def _end(request: Request, browser: Browser, asked: Asked, *, everything: bool) -> Response:
    """End the hinted session, or every one of this browser; its access tokens are dead from the next request on."""
    idle = idle_of(asked.found.tenant) if asked.found is not None else None
    if idle is None:
        async with look(callers.anyone(request.origin)) as tx:
            installation = await tenants.by_id(tx, tenants.INSTALLATION)
        if installation is None:
            raise PageError("not_found", "installation_unknown", status=404)
        idle = idle_of(installation)
    live = await sessions.load(browser.sessions, request.origin, idle)
    hinted = None if everything else await _hinted(asked, live, request)
    ending_now = live if hinted is None else [hinted]
    for one in ending_now:
        async with change(callers.as_account(one.account_id, request.origin)) as tx:
            ended = await sessions.end(tx, one.id, "signed_out")
        if ended is not None:
            await ending.sessions_ended([ended], "signed_out", request.origin)
    if asked.redirect_to is not None:
        response = redirect(asked.redirect_to)
    else:
        page = SignedOut(sign_in_url="/signin", here=PATH)
        response = show_page(page, locale=locale_of(request), brand=brand_of(asked.tenant))
    left = [one.handle for one in live if one not in ending_now]
    return browser.keep_sessions(response, sessions.cookie_of(left))
