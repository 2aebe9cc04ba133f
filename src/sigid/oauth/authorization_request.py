"""An authorization request, as the rules have left it: frozen, stored with the sign-in that it began."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from sigid.apis import OPENID_SCOPES, Api
from sigid.applications import Application
from sigid.kernel.errors import InvalidRequest
from sigid.kernel.web import Form
from sigid.oauth.rules import claims, pkce, prompt, resource, response_type, scope, state_nonce, unsupported
from sigid.oauth.rules.claims import Claims

LONGEST_HINT: Final = 320
LONGEST_LOCALES: Final = 200
MOST_ACR_VALUES: Final = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """Where and how to answer, proved before anything else is looked at."""

    client_id: str
    redirect_uri: str
    response_mode: str
    state: str | None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    client_id: str
    application_id: str
    redirect_uri: str
    response_mode: str
    state: str | None
    nonce: str | None
    scopes: tuple[str, ...]
    audiences: tuple[str, ...]
    code_challenge: str | None
    prompts: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    claims: Claims
    login_hint: str | None
    ui_locales: str | None
    hinted_subject: str | None = None

    @property
    def reply(self) -> Reply:
        return Reply(self.client_id, self.redirect_uri, self.response_mode, self.state)

    @property
    def openid(self) -> bool:
        return "openid" in self.scopes

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        values["prompts"] = sorted(self.prompts)
        values["claims"] = {
            "id_token": sorted(self.claims.id_token),
            "userinfo": sorted(self.claims.userinfo),
            "essential_acr": sorted(self.claims.essential_acr),
            "sub": self.claims.sub,
        }
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        asked = values["claims"]
        return cls(
            **{
                **values,
                "scopes": tuple(values["scopes"]),
                "audiences": tuple(values["audiences"]),
                "acr_values": tuple(values["acr_values"]),
                "prompts": frozenset(values["prompts"]),
                "claims": Claims(
                    frozenset(asked["id_token"]), frozenset(asked["userinfo"]), frozenset(asked["essential_acr"]),
                    asked["sub"],
                ),
            }
        )  # fmt: skip


def read(
    parameters: Form, reply: Reply, application: Application, apis: Mapping[str, Api], hinted_subject: str | None
) -> AuthorizationRequest:
    """Apply every rule whose refusal is answered by redirect, in this order. Raises OAuthError."""
    parameters.refuse_repeated()
    unsupported.check(parameters)
    response_type.check(parameters.get("response_type"))
    scopes = scope.check(parameters.get("scope"), application.scopes)
    asked_claims = claims.check(parameters.get("claims"))
    audiences = resource.check(parameters.all("resource"), apis, application.audiences)
    if not audiences:
        inferred = resource.of_scopes(scopes, apis, application.audiences)
        audiences = (inferred,) if inferred is not None else ()
    openid = "openid" in scopes
    max_age = prompt.check_max_age(parameters.get("max_age"))
    return AuthorizationRequest(
        client_id=application.client_id,
        application_id=application.id,
        redirect_uri=reply.redirect_uri,
        response_mode=reply.response_mode,
        state=reply.state,
        nonce=state_nonce.check_nonce(parameters.get("nonce")),
        scopes=_meaningful(scopes, audiences, apis),
        audiences=audiences,
        code_challenge=pkce.check(
            parameters.get("code_challenge"), parameters.get("code_challenge_method"),
            demanded=application.require_pkce, openid=openid,
        ),
        prompts=prompt.check(parameters.get("prompt")),
        max_age=application.default_max_age if max_age is None else max_age,
        acr_values=tuple(v for v in (parameters.get("acr_values") or "").split()[:MOST_ACR_VALUES] if v.isprintable()),
        claims=asked_claims,
        login_hint=_printable(parameters.get("login_hint"), LONGEST_HINT),
        ui_locales=_printable(parameters.get("ui_locales"), LONGEST_LOCALES),
        hinted_subject=_one_subject(asked_claims.sub, hinted_subject),
    )  # fmt: skip


def _one_subject(asked: str | None, hinted: str | None) -> str | None:
    """Whom the application expects, by `claims` or by `id_token_hint`; two different people are no request."""
    if asked is not None and hinted is not None and asked != hinted:
        raise InvalidRequest("subjects_differ", "claims and id_token_hint name different people.")
    return asked or hinted


def _meaningful(scopes: tuple[str, ...], audiences: tuple[str, ...], apis: Mapping[str, Api]) -> tuple[str, ...]:
    """Scopes that mean something at one of the audiences; an API's scope without its API is left out."""
    known = OPENID_SCOPES.union(*(apis[audience].scopes.keys() for audience in audiences))
    return tuple(name for name in scopes if name in known)


def _printable(sent: str | None, longest: int) -> str | None:
    """A hint that is too long or holds control characters is no help: it is ignored."""
    return sent if sent is not None and len(sent) <= longest and sent.isprintable() else None
