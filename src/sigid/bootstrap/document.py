"""What a bootstrap file may say. A mistake is named by its place in the file, such as `applications[0].type`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sigid.administrators import ROLES
from sigid.kernel.errors import SigidError

_LARGEST: Final = 1024 * 1024


class DocumentError(SigidError):
    """The file cannot be used; the message names the place in it."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}" if place else rule)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


Text = Annotated[str, Field(min_length=1, max_length=2000)]


class TenantPart(_Part):
    """The tenant; it is known by its slug."""

    slug: Text
    name: Text | None = None


class UserPart(_Part):
    """A person. With `administrator` and without `roles` they are no user of the tenant, only its administrator."""

    email: Text
    name: Text | None = None
    password: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    email_verified: bool = False
    roles: list[Text] | None = None
    administrator: str | None = None

    @property
    def is_user(self) -> bool:
        """They become a user of the tenant."""
        return self.administrator is None or self.roles is not None


class ApiPart(_Part):
    """An API, known by its audience."""

    audience: Text
    name: Text | None = None
    scopes: dict[str, str] = {}
    access: Literal["consent", "roles"] = "consent"
    signing_alg: str = "ES256"
    token_lifetime: int | None = None


class ApplicationPart(_Part):
    """An application, known by its `client_id` where it has one here, else by its name."""

    name: Text
    type: Literal["web", "spa", "native", "service"]
    client_id: Text | None = None
    client_secret: Annotated[str, Field(min_length=16, max_length=500)] | None = None
    redirect_uris: list[str] = []
    post_logout_redirect_uris: list[str] = []
    backchannel_logout_uri: str | None = None
    origins: list[str] | None = None
    scopes: list[str] = []
    audiences: list[str] = []
    grant_types: list[str] | None = None
    token_endpoint_auth_method: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    require_pkce: bool = True
    id_token_signed_response_alg: str = "RS256"  # noqa: S105  (an algorithm's name)
    consent: Literal["ask", "implicit"] = "ask"
    profile: str | None = None

    def settings(self) -> dict[str, Any]:
        """What it says of itself beyond its name, type and credentials; what it leaves out has its default."""
        said = self.model_dump(exclude={"name", "type", "client_id", "client_secret"}, exclude_none=True)
        return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}


class Document(_Part):
    """One tenant and what belongs in it."""

    tenant: TenantPart
    users: list[UserPart] = []
    roles: dict[str, list[str]] = {}
    apis: list[ApiPart] = []
    applications: list[ApplicationPart] = []
    initial_access_token: bool = False


def read(path: Path) -> Document:
    """Read a YAML or JSON file. Raises DocumentError."""
    try:
        text = path.read_bytes()[: _LARGEST + 1]
        if len(text) > _LARGEST:
            raise DocumentError(str(path), "is larger than 1 MiB")
        value = yaml.safe_load(text.decode())
    except OSError as error:
        raise DocumentError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DocumentError(str(path), "is not UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise DocumentError(str(path), f"is not YAML{f' (line {mark.line + 1})' if mark else ''}") from None
    return parse(value)


def parse(value: object) -> Document:
    """Check what a file holds. Raises DocumentError."""
    try:
        document = Document.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise DocumentError(place(first["loc"]), first["msg"]) from None
    for number, user in enumerate(document.users):
        if user.administrator is not None and user.administrator not in ROLES:
            raise DocumentError(f"users[{number}].administrator", f"must be one of {', '.join(ROLES)}")
    _refuse_twice("users", "email", [user.email.lower() for user in document.users])
    _refuse_twice("apis", "audience", [api.audience for api in document.apis])
    _refuse_twice("applications", "name", [application.name for application in document.applications])
    return document


def _refuse_twice(where: str, name: str, values: Sequence[str]) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise DocumentError(f"{where}[{number}].{name}", "stands in the file twice")


def place(path: Sequence[int | str]) -> str:
    """`("applications", 0, "type")` as `applications[0].type`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def below(where: str, pointer: str) -> str:
    """The place of a JSON pointer (RFC 6901) below another: `/redirect_uris/0` in `applications[1]`."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return where + "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps)
