"""A visit: one request to a hosted page, with the sign-in under way that it belongs to.

The reference of a sign-in names tenant and interaction. It is no secret: it opens nothing in another browser.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, Self

from sigid import applications, tenants
from sigid.accounts import Interaction, Session, interactions, sessions
from sigid.applications import Found
from sigid.kernel import callers, ids
from sigid.kernel.callers import Caller
from sigid.kernel.database import look, use
from sigid.kernel.errors import OAuthError, PageError
from sigid.kernel.ids import TenantId
from sigid.kernel.secrets import Handle
from sigid.kernel.web import Form, Request, Response, redirect
from sigid.oauth import AuthorizationRequest, Step, authorization
from sigid.pages import answering
from sigid.pages.brand import Brand
from sigid.pages.browser import Browser
from sigid.pages.csp import form_action_for
from sigid.pages.shown import brand_of, locale_of, show
from sigid.pages.views import Page, Person
from sigid.tenants import Tenant

_LENGTH: Final = 2 * ids.SUFFIX_LENGTH


@dataclass(frozen=True)
class Visit:
    request: Request
    browser: Browser
    tenant: Tenant
    interaction: Interaction
    found: Found | None
    asked: AuthorizationRequest | None
    sessions: list[Session] = field(default_factory=list)
    form: Form | None = None

    @classmethod
    async def open(cls, request: Request) -> Self:
        """The visit that the request's `interaction` names. A form must be ours. Raises PageError."""
        form = (await request.form()).refuse_repeated() if request.method == "POST" else None
        browser = Browser(request)
        reference = (form or request.query).get("interaction") or ""
        if not reference and form is None:
            return await cls.begin(request, browser)
        if form is not None:
            browser.check_form(form, reference)
        tenant_id, interaction_id = parse(reference)
        caller = callers.in_tenant(tenant_id, callers.ANONYMOUS, request.origin)
        async with look(caller) as tx:
            found = await interactions.find(tx, interaction_id, browser.digest)
            tenant = await tenants.by_id(tx, tenant_id)
        if found is None or tenant is None or not tenant.active:
            raise PageError("interaction_expired", "interaction_unknown")
        if found.finished:
            raise PageError("interaction_finished", "interaction_finished")
        if not found.alive:
            raise PageError("interaction_expired", "interaction_expired")
        return await cls._with(request, browser, tenant, found, form)

    @classmethod
    async def begin(cls, request: Request, browser: Browser) -> Self:
        """A visit that no application sent: the person signs in to SigID itself."""
        digest = browser.ensure()
        caller = callers.in_tenant(tenants.INSTALLATION, callers.ANONYMOUS, request.origin)
        async with use(caller) as tx:
            tenant = await tenants.by_id(tx, tenants.INSTALLATION)
            if tenant is None:
                raise PageError("not_found", "installation_unknown", status=404)
            life = tenant.settings.lifetimes.interaction
            identifier = await interactions.begin(tx, digest, None, {}, life)
        async with look(caller) as tx:
            found = await interactions.find(tx, identifier, digest)
        if found is None:
            raise PageError("interaction_expired", "interaction_unknown")
        return await cls._with(request, browser, tenant, found, None)

    @classmethod
    async def _with(
        cls, request: Request, browser: Browser, tenant: Tenant, found: Interaction, form: Form | None
    ) -> Self:
        asked = AuthorizationRequest.from_json(found.request) if found.request else None
        application = await applications.find(asked.client_id, request.origin) if asked else None
        if asked is not None and (application is None or not application.active):
            raise PageError("redirect_uri_unknown", "client_suspended")
        if asked is not None and application is not None:  # it may have lost the address meanwhile, to somebody else
            known = application.application
            authorization.still_answers_to(known, asked.redirect_uri)
        live = await sessions.load(browser.sessions, request.origin, idle_of(tenant), absolute_of(tenant))
        return cls(request, browser, tenant, found, application, asked, live, form)

    @property
    def reference(self) -> str:
        return reference_of(self.tenant.id, self.interaction.id)

    @property
    def caller(self) -> Caller:
        return callers.in_tenant(self.tenant.id, callers.ANONYMOUS, self.request.origin)

    @property
    def locale(self) -> str:
        asked = (self.form.get("ui_locales") if self.form else None) or (self.asked.ui_locales if self.asked else None)
        return locale_of(self.request, asked)

    @property
    def brand(self) -> Brand:
        return brand_of(self.tenant)

    @property
    def application_name(self) -> str:
        return self.found.application.name if self.found else ""

    @property
    def absolute(self) -> timedelta:
        return absolute_of(self.tenant)

    @property
    def session(self) -> Session | None:
        """The session that this sign-in is for: who signed in or was chosen in it, while it goes on."""
        return next((one for one in self.sessions if one.id == self.interaction.session_id), None)

    def url(self, path: str) -> str:
        return f"{path}?interaction={self.reference}"

    def form_of(self, path: str) -> dict[str, Any]:
        """What every form of a page of this visit carries."""
        return {
            "action": path,
            "here": self.url(path),
            "interaction": self.reference,
            "csrf": self.browser.form_token(self.reference),
        }

    def show(self, page: Page, status: int = 200) -> Response:
        may_end_at = form_action_for(self.asked.redirect_uri if self.asked else None)
        response = show(page, locale=self.locale, brand=self.brand, status=status, form_action=may_end_at)
        return self.browser.remember(response)

    def person(self) -> Person:
        if self.session is None:
            raise PageError("interaction_expired", "interaction_without_person")
        return Person(email=self.session.email, name=self.session.name)

    async def reread(self, handles: list[Handle]) -> "Visit":
        """The visit after somebody signed in or was chosen."""
        async with look(self.caller) as tx:
            found = await interactions.find(tx, self.interaction.id, self.browser.digest)
        if found is None:
            raise PageError("interaction_expired", "interaction_unknown")
        live = await sessions.load(
            sessions.cookie_of(handles), self.request.origin, idle_of(self.tenant), self.absolute
        )
        return replace(self, interaction=found, sessions=live)

    async def go_on(self) -> Response:
        """The next page, or the answer to the application."""
        if self.found is None or self.asked is None:
            return redirect("/accounts")
        declined = frozenset(self.interaction.state.get("declined", ()))
        try:
            decision = await authorization.decide(
                self.found, self.asked, self.session, len(self.sessions),
                authorization.progress_of(self.interaction), self.request.origin, declined,
            )  # fmt: skip
            if decision.step is not Step.ISSUE:
                return self.browser.remember(redirect(self.url(f"/{decision.step.value}")))
            if self.session is None or decision.member is None:
                raise PageError("interaction_expired", "interaction_without_person")
            answer = await authorization.issue(
                self.found, self.asked, self.session, decision.member, self.request.origin, self.interaction, declined
            )
        except OAuthError as error:
            return await self.refuse(error)
        return answering.to_application(self.request, self.asked.reply, answer, self.brand, self.locale)

    async def refuse(self, error: OAuthError) -> Response:
        """End this sign-in with an error for the application."""
        if self.asked is None:
            raise PageError("access_denied", error.reason)
        async with use(self.caller) as tx:
            if not await interactions.finish(tx, self.interaction):
                raise PageError("interaction_finished", "interaction_finished")
        return answering.refusal(self.request, self.asked.reply, error, self.brand, self.locale)


def idle_of(tenant: Tenant) -> timedelta:
    return timedelta(hours=tenant.settings.session_idle_hours)


def absolute_of(tenant: Tenant) -> timedelta:
    return timedelta(days=tenant.settings.session_absolute_days)


def reference_of(tenant_id: str, interaction_id: str) -> str:
    return ids.suffix(tenant_id) + ids.suffix(interaction_id)


def parse(reference: str) -> tuple[TenantId, str]:
    """Tenant and interaction of a reference. Raises PageError."""
    tenant, interaction = reference[: ids.SUFFIX_LENGTH], reference[ids.SUFFIX_LENGTH :]
    if len(reference) != _LENGTH or not ids.is_suffix(tenant) or not ids.is_suffix(interaction):
        raise PageError("interaction_expired", "interaction_malformed")
    return TenantId(f"ten_{tenant}"), f"int_{interaction}"
