"""What comes next in an authorization: a page, an error, or the code (OpenID Connect Core section 3.1.2.3).

A pure function of what was asked, who is there, and what this sign-in has already been through. `prompt=none` never
leads to a page: what would need one is told as an error (section 3.1.2.6).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sigid.consent import Approval
from sigid.kernel.errors import OAuthError


class Step(Enum):
    SIGN_IN = "signin"
    SIGN_UP = "signup"
    CHOOSE = "accounts"
    JOIN = "join"
    CONSENT = "consent"
    ISSUE = "issue"


class LoginRequired(OAuthError):
    def __init__(self, reason: str) -> None:
        super().__init__("login_required", reason, "The person must sign in.")


class AccessDenied(OAuthError):
    def __init__(self, reason: str, description: str = "Access was not given.") -> None:
        super().__init__("access_denied", reason, description)


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of an authorization request that decides the steps."""

    prompts: frozenset[str]
    max_age: int | None
    essential_acr: frozenset[str]
    hinted_subject: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in in this browser, as this tenant may know them. `status` None: the tenant doesn't know them."""

    auth_time: datetime
    acr: str
    subject: str | None
    status: str | None
    may_join: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """What this sign-in has been through. A plain request has been through nothing."""

    signed_in: bool = False
    chosen: bool = False
    consented: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What the person has not yet allowed; `ask` False for an application of the tenant's own."""

    missing: Approval
    ask: bool


def next_step(
    asked: Asked, person: Person | None, accounts: int, progress: Progress, need: Need, now: datetime
) -> Step:
    """The step to take. Raises OAuthError where the answer is an error for the application."""
    step = _page(asked, person, accounts, progress, need, now)
    if "none" in asked.prompts and step is not Step.ISSUE:
        raise _without_page(step)
    return step


def _page(asked: Asked, person: Person | None, accounts: int, progress: Progress, need: Need, now: datetime) -> Step:
    if "create" in asked.prompts and not progress.signed_in:
        return Step.SIGN_UP
    if "select_account" in asked.prompts and not (progress.chosen or progress.signed_in):
        return Step.CHOOSE if person is not None or accounts else Step.SIGN_IN
    if person is None or _must_sign_in_again(asked, person, progress, now):
        return Step.SIGN_IN
    return _after_sign_in(asked, person, progress, need)


def _after_sign_in(asked: Asked, person: Person, progress: Progress, need: Need) -> Step:
    if asked.essential_acr and person.acr not in asked.essential_acr:
        raise OAuthError(
            "unmet_authentication_requirements", "acr_not_reached", "The asked assurance cannot be reached."
        )
    if person.status == "suspended":
        raise AccessDenied("tenant_user_suspended")
    if person.status != "active":
        if not person.may_join:
            raise AccessDenied("tenant_user_not_admitted")
        return Step.JOIN
    return Step.CONSENT if _must_consent(asked, progress, need) else Step.ISSUE


def _must_consent(asked: Asked, progress: Progress, need: Need) -> bool:
    """`prompt=consent` asks whatever the application is; else only for what is new, and never the tenant's own."""
    if progress.consented:
        return False
    return "consent" in asked.prompts or (need.ask and bool(need.missing.scopes or need.missing.claims))


def _must_sign_in_again(asked: Asked, person: Person, progress: Progress, now: datetime) -> bool:
    if asked.hinted_subject is not None and person.subject != asked.hinted_subject:
        return True
    if progress.signed_in:
        return False
    if "login" in asked.prompts:
        return True
    return asked.max_age is not None and now - person.auth_time > timedelta(seconds=asked.max_age)


def _without_page(step: Step) -> OAuthError:
    if step in (Step.SIGN_IN, Step.SIGN_UP):
        return LoginRequired("prompt_none_without_session")
    if step is Step.CHOOSE:
        return OAuthError("account_selection_required", "prompt_none_needs_choice", "An account must be chosen.")
    if step is Step.CONSENT:
        return OAuthError("consent_required", "prompt_none_needs_consent", "The person must allow it first.")
    return OAuthError("interaction_required", "prompt_none_needs_page", "The person must be asked first.")
