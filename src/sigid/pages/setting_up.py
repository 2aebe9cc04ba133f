"""The one-time link of a tenant's first owner, who on a new installation is its first operator too."""

from sigid import tenants
from sigid.administrators import setup, setup_links
from sigid.kernel import callers
from sigid.kernel.database import look
from sigid.kernel.errors import PageError
from sigid.kernel.secrets import Handle
from sigid.kernel.web import Cookie, Request, Response, cookie_name, redirect
from sigid.pages.browser import Browser
from sigid.pages.i18n import Message
from sigid.pages.shown import brand_of, locale_of
from sigid.pages.shown import show as show_page
from sigid.pages.typed import Typed, weakness_in_words
from sigid.pages.views import Setup, SetupDone
from sigid.tenants import Tenant

PATH = "/setup"
_COOKIE = "sigid_setup"
_HOUR = 3600


async def show(request: Request) -> Response:
    """With the link: keep it in a cookie and come again without. Opening it uses nothing up."""
    text = request.query.get("link")
    if text is not None:
        await _open(request, text)
        return redirect(PATH).set_cookie(Cookie(_COOKIE, text, request.settings.secure_cookies, _HOUR))
    tenant, _ = await _open(request, _kept(request))
    return _page(request, tenant)


def _kept(request: Request) -> str | None:
    return request.cookies.get(cookie_name(_COOKIE, request.settings.secure_cookies))


async def _open(request: Request, text: str | None) -> tuple[Tenant, Handle]:
    """The tenant of a link that can be used. Raises PageError."""
    handle = setup_links.parse(text)
    if handle is None:
        raise PageError("link_invalid", "setup_link_malformed")
    caller = callers.in_tenant(setup_links.SetupLink(handle, False).tenant_id, callers.ANONYMOUS, request.origin)
    async with look(caller) as tx:
        link = await setup_links.find(tx, handle)
        tenant = await tenants.by_id(tx, tx.tenant_id)
    if link is None or tenant is None:
        raise PageError("link_invalid", "setup_link_dead")
    return tenant, handle


def _page(request: Request, tenant: Tenant, typed: Typed | None = None, name: str = "") -> Response:
    browser = Browser(request)
    browser.ensure()
    page = Setup(
        action=PATH, here=PATH, csrf=browser.form_token(PATH), email=typed.email_as_typed() if typed else "", name=name,
        errors=typed.errors if typed else {},
    )  # fmt: skip
    response = show_page(page, locale=locale_of(request), brand=brand_of(tenant), status=422 if typed else 200)
    return browser.remember(response)


async def submit(request: Request) -> Response:
    """Make the owner: a new account, or the one with this address once its password was shown."""
    form = (await request.form()).refuse_repeated()
    Browser(request).check_form(form, PATH)
    tenant, handle = await _open(request, _kept(request))
    typed = Typed(form)
    name, email, password = typed.name(), typed.email(), typed.password()
    if email is None or typed.errors:
        return _page(request, tenant, typed, name)
    try:
        await setup.claim(tenant, handle, email=email, name=name, password=password, origin=request.origin)
    except setup.PasswordTooWeak as weak:
        typed.errors["password"] = weakness_in_words(weak.weakness, tenant)
    except setup.NotTheirs:
        typed.errors["password"] = Message("problem.wrong_password_only")
    if typed.errors:
        return _page(request, tenant, typed, name)
    page = SetupDone(email=email.display, sign_in_url="/signin", here=PATH)
    response = show_page(page, locale=locale_of(request), brand=brand_of(tenant))
    return response.set_cookie(Cookie(_COOKIE, "", request.settings.secure_cookies, 0))
