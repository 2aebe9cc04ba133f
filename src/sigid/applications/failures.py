"""What can be wrong with an application; `pointer` names the field (RFC 6901)."""

from sigid.kernel.errors import Refused


class InvalidMetadata(Refused):
    """RFC 7591 section 3.2.2: the value of one of the client metadata fields is invalid."""

    def __init__(self, pointer: str, reason: str, rule: str, *, code: str = "invalid_client_metadata") -> None:
        super().__init__(code, reason, rule)
        self.pointer = pointer


class InvalidRedirectUri(InvalidMetadata):
    """RFC 7591 section 3.2.2: the value of one or more redirection URIs is invalid."""

    def __init__(self, pointer: str, reason: str, rule: str) -> None:
        super().__init__(pointer, reason, rule, code="invalid_redirect_uri")


class ClientIdTaken(Refused):
    """Another application, perhaps of another tenant, calls itself so."""

    def __init__(self) -> None:
        super().__init__("client_id_taken", "client_id_taken", "This client_id is taken.", status=409)


class TooManySecrets(Refused):
    """Three live secrets are enough to rotate with."""

    def __init__(self) -> None:
        super().__init__("too_many_secrets", "too_many_secrets", "Delete one of the three live secrets.", status=409)


class StaleApplication(Refused):
    """It was changed or deleted meanwhile (If-Match)."""

    def __init__(self) -> None:
        super().__init__("etag_mismatch", "version_stale", "It was changed meanwhile. Read it again.", status=412)
