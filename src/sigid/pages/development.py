"""What exists in development only: the inbox of the mails that would have been sent, and the clock's handle."""

import re
from typing import Any, Final

import orjson

from sigid.kernel import clock as the_clock
from sigid.kernel import outbox
from sigid.kernel.errors import InvalidRequest
from sigid.kernel.web import Request, Response, json_response
from sigid.pages.shown import locale_of, show
from sigid.pages.views import Inbox, InboxMail

_LINK: Final = re.compile(r"https?://[^\s<>\"]+")
_CODE: Final = re.compile(r"(?<![\w/=-])(\d{6})(?![\w-])")
_LONGEST_ADVANCE: Final = 10 * 366 * 86400


async def inbox(request: Request) -> Response:
    """`/dev/inbox.json?to=ADDR`: newest first."""
    return json_response({"data": [_as_json(mail) for mail in await outbox.latest(request.query.get("to"))]})


async def inbox_page(request: Request) -> Response:
    """`/dev/inbox`."""
    to = request.query.get("to")
    mails = tuple(
        InboxMail(
            to=mail["to"], subject=mail["subject"], text=mail["text"], received_at=mail["received_at"],
            links=tuple(_LINK.findall(mail["text"])), code=_code(mail["text"]),
        )
        for mail in await outbox.latest(to)
    )  # fmt: skip
    return show(Inbox(mails=mails, to=to or "", here=request.path), locale=locale_of(request))


async def clock(request: Request) -> Response:
    """`POST /dev/clock {"advance_seconds": N}`: move the clock of every process forward."""
    try:
        asked = orjson.loads(await request.body(1024))
    except orjson.JSONDecodeError:
        asked = None
    seconds = asked.get("advance_seconds") if isinstance(asked, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= _LONGEST_ADVANCE:
        raise InvalidRequest("advance_malformed", "advance_seconds must be a number of seconds, not negative.")
    the_clock.advance(seconds)
    return json_response({"now": the_clock.now().isoformat()})


def _as_json(mail: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": mail["id"],
        "to": mail["to"],
        "from": mail["from"],
        "subject": mail["subject"],
        "text": mail["text"],
        "links": _LINK.findall(mail["text"]),
        "code": _code(mail["text"]),
        "received_at": mail["received_at"].isoformat(),
    }


def _code(text: str) -> str | None:
    found = _CODE.search(_LINK.sub("", text))
    return found[1] if found else None
