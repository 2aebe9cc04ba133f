"""From a view to an answer: the reader's language, the tenant's brand, the headers that every page has."""

from typing import Final

from sigid.kernel import clock, logs
from sigid.kernel.errors import Refused
from sigid.kernel.web import HTML, NO_STORE, NOSNIFF, Request, Response
from sigid.pages.brand import SIGID, Brand
from sigid.pages.csp import policy
from sigid.pages.i18n import choose_locale
from sigid.pages.render import render
from sigid.pages.views import ErrorPage, FormPost, Page
from sigid.tenants import INSTALLATION, Tenant

_log = logs.get("sigid.pages")
_REFERRER_OF_FORMS: Final = (b"referrer-policy", b"same-origin")
_NO_REFERRER: Final = (b"referrer-policy", b"no-referrer")


def locale_of(request: Request, ui_locales: str | None = None) -> str:
    """The reader's language: as the link on the page or the application asked, else the browser's."""
    asked = request.query.raw("ui_locales") if request.method == "GET" else None
    return choose_locale(asked or ui_locales, ", ".join(request.headers("accept-language")) or None)


def brand_of(tenant: Tenant | None) -> Brand:
    if tenant is None or tenant.id == INSTALLATION:
        return SIGID
    settings, branding = tenant.settings, tenant.branding
    return Brand(
        name=tenant.name,
        slug=tenant.slug,
        logo_url=branding.get("logo_url"),
        colour=branding.get("colour"),
        version=str(tenant.version),
        policy_uri=settings.policy_uri,
        tos_uri=settings.tos_uri,
        support_uri=settings.support_uri,
    )


def show(
    page: Page, *, locale: str, brand: Brand = SIGID, status: int = 200, form_action: str | None = None
) -> Response:
    """The page as an answer. `form_action`: where its form may end, from `csp.form_action_for`."""
    csp = policy(form_action) if form_action is not None else policy()
    headers = [
        HTML,
        NO_STORE,
        NOSNIFF,
        (b"content-security-policy", csp.encode()),
        (b"vary", b"accept-language, cookie"),
        _REFERRER_OF_FORMS if page.has_form and not isinstance(page, FormPost) else _NO_REFERRER,
    ]
    return Response(status, render(page, locale, brand), headers)


def error(
    request: Request,
    refusal: Refused,
    *,
    tenant: Tenant | None = None,
    ui_locales: str | None = None,
    application: str = "",
    back_url: str | None = None,
) -> Response:
    """The page for a refusal: what happened, what to do, and the request id. Nothing of what was sent is repeated."""
    response = show(
        ErrorPage(
            code=refusal.code,
            request_id=request.origin.request_id,
            when=clock.now(),
            application=application,
            back_url=back_url,
            developer=refusal.description or None,
        ),
        locale=_locale_for_error(request, ui_locales),
        brand=brand_of(tenant),
        status=refusal.status,
    )
    response.code, response.reason = refusal.code, refusal.reason
    return response


def _locale_for_error(request: Request, ui_locales: str | None) -> str:
    try:
        return locale_of(request, ui_locales)
    except Refused:  # the query itself is what is refused
        return choose_locale(ui_locales, None)
