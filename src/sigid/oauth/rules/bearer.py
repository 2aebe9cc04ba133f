"""The one bearer token of a request (RFC 6750 section 2).

Refuses: none, a token in the query, two headers, another scheme, a token in the header and in the form.
"""

import re
from typing import Final

from sigid.kernel.errors import InvalidRequest, InvalidToken, OAuthError
from sigid.kernel.web import Request

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # b64token, section 2.1
_FORM: Final = "application/x-www-form-urlencoded"


def of_header(request: Request) -> str:
    """The token in the `Authorization` header. Raises InvalidRequest, InvalidToken."""
    text = _of_header(request)
    if text is None:
        raise _missing()
    return text


async def of_request(request: Request) -> str:
    """The token in the header, or in the form of a POST (section 2.2). Raises InvalidRequest, InvalidToken."""
    in_header = _of_header(request)
    in_form = await _of_form(request)
    if in_header is not None and in_form is not None:
        raise InvalidRequest("token_in_two_places", "The token stands in two places.")
    text = in_header or in_form
    if text is None:
        raise _missing()
    return text


def _of_header(request: Request) -> str | None:
    if "access_token" in request.query:
        raise InvalidRequest("token_in_query", "The token belongs in the Authorization header.")
    headers = request.headers("authorization")
    if not headers:
        return None
    if len(headers) > 1:
        raise InvalidRequest("authorization_repeated", "There are two Authorization headers.")
    scheme, _, text = headers[0].partition(" ")
    text = text.strip(" ")
    if scheme.lower() != "bearer" or _TOKEN.fullmatch(text) is None:
        raise InvalidToken("token_not_bearer")
    return text


async def _of_form(request: Request) -> str | None:
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if request.method != "POST" or media_type != _FORM:
        return None
    return (await request.form()).refuse_repeated().get("access_token")


def _missing() -> OAuthError:
    """Section 3.1: who showed no token at all is told the scheme and no error code."""
    return OAuthError(
        "invalid_token", "token_missing", "A bearer token is required.", status=401,
        headers={"WWW-Authenticate": 'Bearer realm="sigid"'},
    )  # fmt: skip
