"""The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).

A request that needs no page is answered at once; any other becomes a sign-in under way, which the pages carry on.
"""

from urllib.parse import urlencode

from sigid import apis
from sigid.accounts import Session, interactions, sessions
from sigid.applications import Found
from sigid.kernel.database import look, use
from sigid.kernel.errors import InvalidToken, OAuthError
from sigid.kernel.web import Form, Request, Response, redirect
from sigid.oauth import AuthorizationRequest, Decision, Progress, Reply, Step, authorization, authorization_request
from sigid.pages import answering
from sigid.pages.browser import Browser
from sigid.pages.shown import brand_of, locale_of
from sigid.pages.visits import absolute_of, idle_of, reference_of
from sigid.tokens import identity


async def answer(request: Request) -> Response:
    """GET and POST. A cross-site POST carries no session cookie, so it becomes a GET of our own first."""
    if request.method == "POST":
        form = await request.form()
        pairs = [(name, value) for name, values in form.items().items() for value in values]
        return redirect(f"/oauth/authorize?{urlencode(pairs)}")
    parameters = request.query
    found, uri = await authorization.prove(parameters, request.origin)
    request.client_id, request.tenant_id = found.application.client_id, found.tenant.id  # type: ignore[attr-defined]
    reply, wrong = authorization.reply_of(parameters, found, uri)
    try:
        if wrong is not None:
            raise wrong
        return await _carry_out(request, parameters, found, reply)
    except OAuthError as error:
        locale = locale_of(request, parameters.get("ui_locales"))
        return answering.refusal(request, reply, error, brand_of(found.tenant), locale)


async def _carry_out(request: Request, parameters: Form, found: Found, reply: Reply) -> Response:
    async with look(authorization.caller_for(found, request.origin)) as tx:
        catalogue = await apis.catalogue(tx, found.tenant, request.issuer)
    hinted = await _hinted_subject(parameters.get("id_token_hint"), found, request)
    asked = authorization_request.read(parameters, reply, found.application, catalogue.by_audience, hinted)
    browser = Browser(request)
    tenant = found.tenant
    live = await sessions.load(browser.sessions, request.origin, idle_of(tenant), absolute_of(tenant))
    session = live[0] if live else None
    decision = await authorization.decide(found, asked, session, len(live), Progress(), request.origin)
    if decision.step is Step.ISSUE and session is not None and decision.member is not None:
        made = await authorization.issue(found, asked, session, decision.member, request.origin)
        locale = locale_of(request, asked.ui_locales)
        return answering.to_application(request, reply, made, brand_of(found.tenant), locale)
    return await _begin(request, browser, found, asked, decision, session)


async def _begin(
    request: Request, browser: Browser, found: Found, asked: AuthorizationRequest, decision: Decision,
    session: Session | None,
) -> Response:  # fmt: skip
    """The request becomes a sign-in under way, and its first page is shown."""
    digest = browser.ensure()
    state = {"email": asked.login_hint or ""}
    # Who is asked to join or to consent stays who it is, whatever another tab does meanwhile.
    bound = session if decision.step in (Step.JOIN, Step.CONSENT) else None
    async with use(authorization.caller_for(found, request.origin)) as tx:
        life = found.tenant.settings.lifetimes.interaction
        identifier = await interactions.begin(
            tx, digest, asked.to_json(), state, life,
            account_id=bound.account_id if bound else None, session_id=bound.id if bound else None,
        )  # fmt: skip
    reference = reference_of(found.tenant.id, identifier)
    return browser.remember(redirect(f"/{decision.step.value}?interaction={reference}"))


async def _hinted_subject(text: str | None, found: Found, request: Request) -> str | None:
    """Whom the application expects. A hint that is not one of ours, or another tenant's, is refused, not ignored."""
    if text is None:
        return None
    try:
        hint = await identity.hint(text, request.issuer)
    except InvalidToken as error:
        raise OAuthError("invalid_request", error.reason, "id_token_hint is not one of our ID tokens.") from None
    if hint.tenant_id != found.tenant.id:
        raise OAuthError("invalid_request", "hint_of_another_tenant", "id_token_hint is not one of our ID tokens.")
    return hint.sub
