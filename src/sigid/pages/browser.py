"""The browser that a page is shown to: its cookies, and the proof that a form was ours and its own.

`sigid_browser` binds a sign-in under way to one browser, before anybody is signed in. A form's token is an HMAC over
that cookie and the interaction, masked anew in each answer (BREACH), so that a form of one tab's interaction posted
with another's, or from another site, is refused.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from typing import Final

from sigid.kernel import crypto
from sigid.kernel.errors import PageError
from sigid.kernel.web import Cookie, Form, Request, Response, cookie_name

BROWSER: Final = "sigid_browser"
SESSION: Final = "sigid_session"
DEVICE: Final = "sigid_device"
_PREFIX: Final = "sigid_bb_"
_LENGTH: Final = len(_PREFIX) + 43
_TAG: Final = 32
_YEAR: Final = 365 * 24 * 3600


class Browser:
    """What the cookies of a request say; `ensure` makes the browser's own where it has none yet."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._secure = request.settings.secure_cookies
        self._made: str | None = None
        value = self._cookie(BROWSER)
        self._value = value if value and value.startswith(_PREFIX) and len(value) == _LENGTH else None

    def _cookie(self, name: str) -> str | None:
        full = cookie_name(name, self._secure)
        if full in self._request.repeated_cookies:
            raise PageError("cookies_doubled", "cookie_repeated")
        return self._request.cookies.get(full)

    @property
    def digest(self) -> bytes | None:
        """What interactions are bound to; None for a browser that is new here."""
        return hashlib.sha256(self._value.encode()).digest() if self._value else None

    def ensure(self) -> bytes:
        if self._value is None:
            self._value = self._made = _PREFIX + secrets.token_urlsafe(32)
        return hashlib.sha256(self._value.encode()).digest()

    @property
    def sessions(self) -> str | None:
        """The handles of the accounts that are signed in here."""
        return self._cookie(SESSION)

    @property
    def device(self) -> str | None:
        return self._cookie(DEVICE)

    def remember(self, response: Response) -> Response:
        """Give the browser its cookie, if it got one in this request."""
        if self._made is not None:
            response.set_cookie(Cookie(BROWSER, self._made, self._secure))
        return response

    def keep_sessions(self, response: Response, value: str) -> Response:
        return response.set_cookie(Cookie(SESSION, value, self._secure, None if value else 0))

    def keep_device(self, response: Response, value: str) -> Response:
        return response.set_cookie(Cookie(DEVICE, value, self._secure, _YEAR))

    def form_token(self, interaction_id: str) -> str:
        mask = os.urandom(_TAG)
        tag = self._tag(interaction_id)
        return base64.urlsafe_b64encode(mask + _xor(mask, tag)).decode()

    def check_form(self, form: Form, interaction_id: str) -> None:
        """Raises for a form that is not ours, not this browser's, or not of this interaction."""
        request = self._request
        origin = request.header("origin")
        if origin is not None and origin != request.issuer:
            raise PageError("form_refused", "form_from_another_origin", status=403)
        if request.header("sec-fetch-site") not in (None, "same-origin", "none"):
            raise PageError("form_refused", "form_from_another_site", status=403)
        if self._value is None:
            raise PageError("form_refused", "form_without_browser_cookie", status=403)
        try:
            raw = base64.urlsafe_b64decode(form.get("csrf") or "")
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != 2 * _TAG or not hmac.compare_digest(_xor(raw[:_TAG], raw[_TAG:]), self._tag(interaction_id)):
            raise PageError("form_refused", "form_token_wrong", status=403)

    def _tag(self, interaction_id: str) -> bytes:
        message = f"{self._value}\0{interaction_id}".encode()
        return hmac.new(crypto.vault().key_for("form token"), message, hashlib.sha256).digest()


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))
