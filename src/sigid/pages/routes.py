"""The hosted pages, as rows, and what the dispatcher asks of them."""

from sigid import applications
from sigid.kernel.errors import Refused
from sigid.kernel.web import Endpoint, Request, Response
from sigid.pages import (
    authorizing,
    deciding,
    development,
    files,
    recovering,
    setting_up,
    shown,
    signing_in,
    signing_out,
    signing_up,
)
from sigid.pages.assets import assets

ENDPOINTS = [
    Endpoint("/oauth/authorize", ("GET", "POST"), authorizing.answer, answers="page", standard="RFC 6749 3.1"),
    Endpoint("/oauth/end-session", ("GET",), signing_out.show, answers="page", standard="RP-Initiated Logout 2"),
    Endpoint("/oauth/end-session", ("POST",), signing_out.submit, answers="page", standard="RP-Initiated Logout 2"),
    Endpoint("/signin", ("GET",), signing_in.show, answers="page"),
    Endpoint("/signin", ("POST",), signing_in.submit, answers="page"),
    Endpoint("/signup", ("GET",), signing_up.show, answers="page"),
    Endpoint("/signup", ("POST",), signing_up.submit, answers="page"),
    Endpoint("/verify", ("GET",), signing_up.show_verify, answers="page"),
    Endpoint("/verify", ("POST",), signing_up.submit_verify, answers="page"),
    Endpoint("/recover", ("GET",), recovering.show, answers="page"),
    Endpoint("/recover", ("POST",), recovering.submit, answers="page"),
    Endpoint("/reset", ("GET",), recovering.show_reset, answers="page"),
    Endpoint("/reset", ("POST",), recovering.submit_reset, answers="page"),
    Endpoint("/accounts", ("GET",), deciding.show_accounts, answers="page"),
    Endpoint("/accounts", ("POST",), deciding.choose_account, answers="page"),
    Endpoint("/join", ("GET",), deciding.show_join, answers="page"),
    Endpoint("/join", ("POST",), deciding.decide_join, answers="page"),
    Endpoint("/consent", ("GET",), deciding.show_consent, answers="page"),
    Endpoint("/consent", ("POST",), deciding.decide_consent, answers="page"),
    Endpoint("/setup", ("GET",), setting_up.show, answers="page"),
    Endpoint("/setup", ("POST",), setting_up.submit, answers="page"),
    Endpoint("/brand/{slug}/{version}.css", ("GET",), files.brand, answers="plain"),
    *(Endpoint(f"/static/{name}", ("GET",), files.static, answers="plain") for name in assets()),
    Endpoint("/dev/inbox", ("GET",), development.inbox_page, answers="page", development=True),
    Endpoint("/dev/inbox.json", ("GET",), development.inbox, answers="plain", development=True),
    Endpoint("/dev/clock", ("POST",), development.clock, answers="plain", development=True),
]


class Surfaces:
    """A page for a refusal, and which origins are registered."""

    def error_page(self, request: Request, refusal: Refused) -> Response:
        if refusal.status == 503:
            refusal = Refused("unavailable", refusal.reason, status=503)
        return shown.error(request, refusal)

    async def origin_is_registered(self, request: Request, origin: str) -> bool:
        return await applications.origin_is_registered(origin, request.origin)
