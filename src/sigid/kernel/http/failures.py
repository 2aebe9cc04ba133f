"""What can go wrong with an outgoing request, each with a private reason; nothing repeats what the other side said."""

from typing import Final, Literal, get_args

from sigid.kernel.errors import SigidError

AddressReason = Literal[
    "url_too_long",
    "url_malformed",
    "url_scheme_refused",
    "url_user_information",
    "url_fragment",
    "url_host_refused",
    "url_port_refused",
    "address_not_public",
]
FetchReason = Literal[
    "fetch_busy",
    "fetch_name_unknown",
    "fetch_unreachable",
    "fetch_tls_failed",
    "fetch_timed_out",
    "fetch_malformed",
    "fetch_cut_short",
    "fetch_too_large",
    "fetch_encoded",
    "fetch_media_type",
    "fetch_status",
    "fetch_json_malformed",
]
REASONS: Final[frozenset[str]] = frozenset(get_args(AddressReason) + get_args(FetchReason))


class AddressRefused(SigidError):
    """We do not go there: the URL, or what its name resolves to, is not one that we open."""

    def __init__(self, reason: AddressReason) -> None:
        super().__init__(reason)
        self.reason: AddressReason = reason


class FetchFailed(SigidError):
    """We went there and got nothing that we can use."""

    def __init__(self, reason: FetchReason) -> None:
        super().__init__(reason)
        self.reason: FetchReason = reason
