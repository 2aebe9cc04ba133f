"""What can go wrong, as a tree; each leaf has a stable public code, and a refusal has a private reason beside it.

    SigidError
    ├── Refused           the request is refused: public `code`, private `reason`, HTTP `status`
    │   ├── OAuthError    answered as RFC 6749 section 5.2 says
    │   └── PageError     shown to a person as a page
    ├── Unavailable       the database or another part is not there now: 503 with Retry-After
    └── SettingsError     the start is refused; the message names the setting

The wire says `code`; `reason` (from the closed set in `contract/reasons.toml`) goes to logs, metrics and tests only.
An error raised in a unit of work undoes it. A refusal that must leave a mark is returned instead and told after the
commit ("raise to undo, return to keep").
"""


class SigidError(Exception):
    """The root of all errors that we raise on purpose."""


class SettingsError(SigidError):
    """A setting is missing or wrong. The message names it and needs no traceback."""


class Unavailable(SigidError):
    """Something that we need is not there now. Nothing was done; the same request may succeed later."""

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Refused(SigidError):
    """A request that is refused. `code` is public, `reason` is private, `description` is public and names no value."""

    status = 400

    def __init__(
        self,
        code: str,
        reason: str,
        description: str = "",
        *,
        status: int | None = None,
        headers: dict[str, str] | None = None,
        members: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code} ({reason})")
        self.code = code
        self.reason = reason
        self.description = description
        self.headers = headers or {}
        self.members = members or {}  # what the answer says beside error and description
        if status is not None:
            self.status = status


class OAuthError(Refused):
    """An error answer of an OAuth endpoint (RFC 6749 section 5.2)."""


class InvalidRequest(OAuthError):
    def __init__(self, reason: str, description: str = "", *, status: int = 400) -> None:
        super().__init__("invalid_request", reason, description, status=status)


class InvalidClient(OAuthError):
    """RFC 6749 section 5.2: 401, with the scheme that the client may use."""

    def __init__(self, reason: str, description: str = "Client authentication failed.") -> None:
        super().__init__(
            "invalid_client", reason, description, status=401, headers={"WWW-Authenticate": 'Basic realm="sigid"'}
        )


class InvalidGrant(OAuthError):
    def __init__(self, reason: str, description: str = "The grant is not valid, or no longer.") -> None:
        super().__init__("invalid_grant", reason, description)


class InvalidScope(OAuthError):
    def __init__(self, reason: str, description: str = "A scope was asked for that is not given.") -> None:
        super().__init__("invalid_scope", reason, description)


class InvalidTarget(OAuthError):
    """RFC 8707 section 2."""

    def __init__(self, reason: str, description: str = "The resource is not one that this client may ask for.") -> None:
        super().__init__("invalid_target", reason, description)


class InvalidToken(OAuthError):
    """A bearer token that does not open this door (RFC 6750 section 3.1)."""

    def __init__(self, reason: str, description: str = "The access token is not valid here.") -> None:
        super().__init__(
            "invalid_token", reason, description, status=401,
            headers={"WWW-Authenticate": 'Bearer realm="sigid", error="invalid_token"'},
        )  # fmt: skip


class PageError(Refused):
    """A refusal that a person sees. `code` selects the page's words; nothing is redirected."""


class Throttled(Refused):
    """Too many failures; `retry_after` in seconds."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(
            "temporarily_unavailable", reason, "Too many tries. Wait, then try again.",
            status=429, headers={"Retry-After": str(max(1, retry_after))},
        )  # fmt: skip
        self.retry_after = max(1, retry_after)
