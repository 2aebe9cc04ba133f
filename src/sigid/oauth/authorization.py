"""Carrying an authorization out: who asks, what comes next, and the code at its end (RFC 6749 section 4.1).

The pages call these in turn; none of them opens a transaction for another.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sigid import applications, consent, members
from sigid.accounts import Interaction, Session, interactions, sessions
from sigid.apis import Catalogue
from sigid.applications import Application, Found
from sigid.consent import Approval
from sigid.kernel import callers
from sigid.kernel.callers import Actor, Caller, Origin
from sigid.kernel.database import Look, look, use
from sigid.kernel.errors import OAuthError, PageError
from sigid.kernel.web import Form
from sigid.members import TenantUser
from sigid.oauth import codes
from sigid.oauth.authorization_request import AuthorizationRequest, Reply
from sigid.oauth.rules import redirect_uri, response_mode, state_nonce
from sigid.oauth.steps import Asked, Need, Person, Progress, Step, next_step
from sigid.tokens import grants
from sigid.tokens import sessions as tenant_sessions

# A grant without refresh tokens outlives the longest access token that its code can get.
_LIFE_WITHOUT_REFRESH: Final = timedelta(hours=2)
_OFFLINE: Final = "offline_access"


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes next, with what the next page or the code needs to know."""

    step: Step
    member: TenantUser | None
    missing: Approval


async def prove(parameters: Form, origin: Origin) -> tuple[Found, str]:
    """The application and the address to answer to. Raises PageError: before these are proved nothing is redirected.

    An unknown client, a suspended one and an unregistered address look the same.
    """
    client_id = parameters.get("client_id")
    if client_id is None:
        reason = "parameter_repeated" if "client_id" in parameters.repeated else "client_id_missing"
        raise PageError("redirect_uri_unknown", reason)
    found = await applications.find(client_id, origin)
    if found is None or not found.active:
        raise PageError("redirect_uri_unknown", "client_unknown" if found is None else "client_suspended")
    if "redirect_uri" in parameters.repeated:
        raise PageError("redirect_uri_unknown", "parameter_repeated")
    sent = parameters.get("redirect_uri")
    return found, redirect_uri.check(sent, found.application.redirect_uris, native=found.application.native)


def still_answers_to(application: Application, uri: str) -> None:
    """The address that a sign-in began with is registered now too. Raises PageError."""
    redirect_uri.check(uri, application.redirect_uris, native=application.native)


def reply_of(parameters: Form, found: Found, uri: str) -> tuple[Reply, OAuthError | None]:
    """How to answer. What is wrong with the answer's own parameters is itself answered by the default mode."""
    client_id, state = found.application.client_id, None
    try:
        if "state" not in parameters.repeated:
            state = state_nonce.check_state(parameters.get("state"))
        mode = response_mode.check(parameters.get("response_mode"))
    except OAuthError as error:
        return Reply(client_id, uri, response_mode.DEFAULT, state), error
    return Reply(client_id, uri, mode, state), None


def caller_for(found: Found, origin: Origin, session: Session | None = None) -> Caller:
    """A visitor of this tenant, or the person who is signed in."""
    caller = callers.in_tenant(found.tenant.id, callers.ANONYMOUS, origin)
    return caller if session is None else caller.with_account(session.account_id)


def progress_of(found: Interaction | None) -> Progress:
    state = found.state if found is not None else {}
    return Progress(bool(state.get("signed_in")), bool(state.get("chosen")), bool(state.get("consented")))


async def decide(
    found: Found, asked: AuthorizationRequest, session: Session | None, accounts: int, progress: Progress,
    origin: Origin, declined: frozenset[str] = frozenset(),
) -> Decision:  # fmt: skip
    """The next step. Raises OAuthError where the application is to be told instead."""
    member, missing, person = None, Approval(frozenset(asked.scopes), asked.claims.personal), None
    async with look(caller_for(found, origin, session)) as tx:
        if session is not None:
            member, missing, person = await _situation(tx, found, asked, session)
        missing = Approval(missing.scopes - declined, missing.claims)
        step = next_step(
            Asked(asked.prompts, asked.max_age, asked.claims.essential_acr, asked.hinted_subject),
            person,
            accounts,
            progress,
            Need(missing, ask=found.application.consent != "implicit"),
            tx.now,
        )
    return Decision(step, member, missing)


async def _situation(
    tx: Look, found: Found, asked: AuthorizationRequest, session: Session
) -> tuple[TenantUser | None, Approval, Person | None]:
    assurance = session.assurance(found.tenant.id)
    if not assurance.proved:  # signed in by what only another tenant trusts
        return None, Approval(frozenset(asked.scopes), asked.claims.personal), None
    member = await members.of_account(tx, session.account_id)
    if member is None:
        missing = Approval(frozenset(asked.scopes), asked.claims.personal)
        admitted = await members.may_join(tx, found.tenant.settings, session.email_lookup)
        return None, missing, Person(assurance.auth_time, assurance.acr, None, None, admitted)
    approval = await consent.find(tx, member.id, asked.application_id)
    missing = consent.missing(approval, asked.scopes, asked.claims.personal)
    person = Person(assurance.auth_time, assurance.acr, member.sub, member.status, may_join=member.waits)
    return member, missing, person


async def issue(
    found: Found, asked: AuthorizationRequest, session: Session, member: TenantUser, origin: Origin,
    interaction: Interaction | None = None, declined: frozenset[str] = frozenset(),
) -> dict[str, str]:  # fmt: skip
    """Make the grant and its code; the answer's parameters. An interaction gives one code, whoever asks twice."""
    tenant, assurance = found.tenant, session.assurance(found.tenant.id)
    scopes = tuple(scope for scope in asked.scopes if scope not in declined)
    offline = _OFFLINE in scopes and found.application.may_use("refresh_token")
    caller = caller_for(found, origin, session).acting_as(Actor("user", member.sub))
    async with use(caller) as tx:
        sid = await sessions.sid_at(tx, session.id, tenant.id)
        if sid is None:
            sid = tenant_sessions.begin(tx, member.id)
            sid = await sessions.known_at(tx, session.id, sid)
        grant = grants.create(
            tx,
            application_id=asked.application_id,
            tenant_user_id=member.id,
            sub=member.sub,
            scope=" ".join(scopes),
            audiences=asked.audiences,
            claims=_claims(asked),
            auth_time=assurance.auth_time,
            acr=assurance.acr,
            amr=assurance.amr,
            sid=sid,
            offline=offline,
            life=tenant.settings.lifetimes.refresh_token_absolute if offline else _LIFE_WITHOUT_REFRESH,
        )
        code = codes.issue(
            tx, grant_id=grant.id, application_id=asked.application_id, redirect_uri=asked.redirect_uri,
            code_challenge=asked.code_challenge, nonce=asked.nonce, scope=" ".join(scopes),
            lifetime=tenant.settings.lifetimes.authorization_code,
        )  # fmt: skip
        await sessions.touch(tx, session)
        if interaction is not None and not await interactions.finish(tx, interaction):
            raise PageError("interaction_finished", "interaction_finished")
    return {"code": code.reveal()}


def _claims(asked: AuthorizationRequest) -> dict[str, Any]:
    claims = {"id_token": sorted(asked.claims.id_token), "userinfo": sorted(asked.claims.userinfo)}
    return {place: names for place, names in claims.items() if names}


def refused(error: OAuthError) -> dict[str, str]:
    """An error as the answer's parameters (RFC 6749 section 4.1.2.1)."""
    told = {"error": error.code}
    if error.description:
        told["error_description"] = error.description
    return told


def in_words(asked: AuthorizationRequest, catalogue: Catalogue) -> dict[str, tuple[str, str]]:
    """What each API's scope lets an application do, and at which API."""
    return {
        scope: (api.scopes[scope], api.name)
        for api in catalogue.of(asked.audiences)
        for scope in asked.scopes
        if scope in api.scopes
    }
