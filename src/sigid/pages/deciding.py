"""What a signed-in person decides on the way to an application: which account, whether to join, what to allow."""

from sigid import apis, consent, members
from sigid.accounts import interactions, sessions
from sigid.kernel.callers import Actor
from sigid.kernel.database import change, look, use
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import OAuthError, PageError
from sigid.kernel.web import Request, Response, redirect
from sigid.oauth import AccessDenied, Decision, Step, authorization
from sigid.pages.grants import grants_of
from sigid.pages.views import Accounts, Client, Consent, Join, Person, SignedIn
from sigid.pages.visits import Visit

CHOOSE, JOIN, CONSENT = "/accounts", "/join", "/consent"
_OFFLINE = "offline_access"


async def show_accounts(request: Request) -> Response:
    visit = await Visit.open(request)
    page = Accounts(
        **visit.form_of(CHOOSE),
        accounts=tuple(
            SignedIn(value=str(place), person=Person(email=one.email, name=one.name))
            for place, one in enumerate(visit.sessions)
        ),
        application=visit.application_name,
        another_url=visit.url("/signin"),
        sign_out_url="/oauth/end-session",
    )
    return visit.show(page)


async def choose_account(request: Request) -> Response:
    """The chosen account becomes the active one of this browser, and this sign-in is for it."""
    visit = await Visit.open(request)
    value = (visit.form.get("account") if visit.form else None) or ""
    chosen = next((one for place, one in enumerate(visit.sessions) if str(place) == value), None)
    if chosen is None:
        return redirect(visit.url("/signin"))
    # What another account went through in this sign-in (a fresh password, consent) does not count for the chosen one.
    anew = {} if chosen.id == visit.interaction.session_id else interactions.NOTHING_DONE
    async with use(visit.caller.with_account(chosen.account_id)) as tx:
        await interactions.set_person(tx, visit.interaction, chosen.id, **{**anew, "chosen": True})
    handles = [chosen.handle, *(one.handle for one in visit.sessions if one.id != chosen.id)]
    response = await (await visit.reread(handles)).go_on()
    return visit.browser.keep_sessions(response, sessions.cookie_of(handles))


async def _decision(visit: Visit, step: Step) -> Decision | Response:
    """The decision that this page is for, or where to go instead."""
    if visit.found is None or visit.asked is None:
        raise PageError("interaction_expired", "interaction_without_application")
    try:
        decision = await authorization.decide(
            visit.found, visit.asked, visit.session, len(visit.sessions),
            authorization.progress_of(visit.interaction), visit.request.origin,
        )  # fmt: skip
    except OAuthError as error:
        return await visit.refuse(error)
    return decision if decision.step is step else await visit.go_on()


async def show_join(request: Request) -> Response:
    visit = await Visit.open(request)
    decision = await _decision(visit, Step.JOIN)
    if isinstance(decision, Response):
        return decision
    page = Join(
        **visit.form_of(JOIN), person=visit.person(), application=visit.application_name,
        switch_url=visit.url(CHOOSE),
    )  # fmt: skip
    return visit.show(page)


async def decide_join(request: Request) -> Response:
    visit = await Visit.open(request)
    decision = await _decision(visit, Step.JOIN)
    if isinstance(decision, Response):
        return decision
    if visit.session is None or visit.form is None or visit.form.get("decision") != "allow":
        return await visit.refuse(AccessDenied("join_declined"))
    async with change(visit.caller.with_account(visit.session.account_id)) as tx:
        email = EmailAddress.parse(visit.session.email)
        user = await members.arrive(tx, visit.tenant.settings, email, visit.session.name)
        if user is None:
            raise PageError("access_denied", "tenant_user_not_admitted", status=403)
    return await visit.go_on()


async def show_consent(request: Request) -> Response:
    visit = await Visit.open(request)
    decision = await _decision(visit, Step.CONSENT)
    if isinstance(decision, Response) or visit.found is None or visit.asked is None:
        return decision if isinstance(decision, Response) else await visit.go_on()
    async with look(visit.caller) as tx:
        catalogue = await apis.catalogue(tx, visit.tenant, request.issuer)
    application = visit.found.application
    page = Consent(
        **visit.form_of(CONSENT),
        client=Client(name=application.name),
        person=visit.person(),
        grants=grants_of(visit.asked.scopes, authorization.in_words(visit.asked, catalogue)),
        host=_host(visit.asked.redirect_uri),
        verified=not application.registered,
        switch_url=visit.url(CHOOSE),
        policy_uri=application.policy_uri,
        tos_uri=application.tos_uri,
    )
    return visit.show(page)


def _host(uri: str) -> str | None:
    """Where the answer goes, as a person reads it."""
    scheme, _, rest = uri.partition("://")
    return rest.partition("/")[0].partition("?")[0] if scheme in ("http", "https") else None


async def decide_consent(request: Request) -> Response:
    """What is stored is what was shown: the scopes of the request, less the one that the person may clear."""
    visit = await Visit.open(request)
    decision = await _decision(visit, Step.CONSENT)
    if isinstance(decision, Response):
        return decision
    member = decision.member
    if visit.session is None or visit.asked is None or visit.form is None or member is None:
        raise PageError("interaction_expired", "interaction_without_person")
    caller = visit.caller.acting_as(Actor("user", member.sub))
    if visit.form.get("decision") != "allow":
        async with change(caller) as tx:
            consent.deny(tx, member.id, visit.asked.application_id)
        return await visit.refuse(AccessDenied("consent_denied", "The person did not allow it."))
    declined = {_OFFLINE} if _OFFLINE in visit.asked.scopes and _OFFLINE not in visit.form.all("scope") else set[str]()
    async with change(caller) as tx:
        await consent.allow(
            tx, member.id, visit.asked.application_id, set(visit.asked.scopes) - declined, visit.asked.claims.personal
        )
        await interactions.note(tx, visit.interaction, consented=True, declined=sorted(declined))
    return await (await visit.reread([one.handle for one in visit.sessions])).go_on()
