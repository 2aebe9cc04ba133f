"""Logs: a JSON object a line on standard error, in which no secret can stand.

Secrets are types that never print (`secrets.Secret`); what slips past them is caught here a second time, by its name or
by its looks. An exception is logged by its type and place; its message only where it is one of a kind that repeats no
input. Control characters are escaped, so that an entry is one line whatever a request held. In development, on a
terminal, lines are for reading.
"""

import json
import logging
import logging.config
import re
import sys
import time
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import structlog

from sigid.kernel.errors import SigidError

REDACTED: Final = "[redacted]"

_SENSITIVE_NAME: Final = re.compile(
    r"(?:^|_)(?:pass(?:word|wd|phrase)?|secrets?|tokens?|authorization|cookies?|assertion|verifier|credentials?|otp"
    r"|handle|hint|key|jwt|jws|dpop|nonce|state|code)$"
)
_PUBLIC_CODE: Final = re.compile(r"[a-z]+(?:_[a-z]+)*")  # `invalid_grant`, and not `123456` or a handle
_LOOKS_SECRET: Final = re.compile(
    r"\b(?P<handle>sigid_[a-z]{2,4}_)[0-9A-Za-z]{16,}"
    r"|\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)*"
    r"|\b(?P<scheme>bearer|basic|dpop)\s+[\w.~+/=-]{6,}"
    r"|(?P<pair>(?:password|secret|token|code|assertion|verifier|cookie|state|nonce)=)[^&\s\"']+"
    r"|(?P<url>\w://)[^/\s@\"']+@",
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# Exceptions whose message tells of code and never repeats what somebody sent.
_TELLING: Final = (SigidError, RuntimeError, OSError, AttributeError, NameError, ImportError, AssertionError)
_MOST_FRAMES: Final = 30


def redact(text: str) -> str:
    """`text` without whatever looks like a secret in it."""
    return _LOOKS_SECRET.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    kept = found["handle"] or found["pair"] or found["url"] or (f"{found['scheme']} " if found["scheme"] else "")
    return f"{kept}{REDACTED}{'@' if found['url'] else ''}"


def _is_sensitive(name: str, value: object) -> bool:
    name = name.lower().replace("-", "_")
    if name == "code" and isinstance(value, str) and _PUBLIC_CODE.fullmatch(value):
        return False
    return _SENSITIVE_NAME.search(name) is not None


def clean(value: Any, depth: int = 0) -> Any:
    """`value` as it may be logged."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact(value)
    if depth > 4:
        return "…"
    if isinstance(value, Mapping):
        return {
            redact(str(name)): REDACTED
            if _is_sensitive(str(name), member) and member is not None
            else clean(member, depth + 1)
            for name, member in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(member, depth + 1) for member in value]
    return redact(str(value))


def described(error: BaseException) -> list[dict[str, Any]]:
    """An exception and what caused it, the outermost first: types, places, and messages that repeat no input."""
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        link: dict[str, Any] = {"type": f"{type(current).__module__}.{type(current).__qualname__}"}
        if isinstance(current, _TELLING) and not isinstance(current, UnicodeError):
            link["message"] = redact(str(current))
        link["frames"] = _frames(current.__traceback__)
        chain.append(link)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _frames(trace: TracebackType | None) -> list[str]:
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        path = Path(code.co_filename)
        frames.append(f"{path.parent.name}/{path.name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-_MOST_FRAMES:]


def _exception(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = described(error)
    return event


def _cleaned(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    cleaned: dict[str, Any] = clean({name: value for name, value in event.items() if not name.startswith("_")})
    return {**cleaned, **{name: value for name, value in event.items() if name.startswith("_")}}


def _escaped(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For a terminal, which would obey control characters (in JSON they are escaped anyway)."""
    return {name: _escape(value) if isinstance(value, str) else value for name, value in event.items()}


def _escape(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _stamped(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {"timestamp": _timestamp(), **event}


def _timestamp() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_to_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=lambda value: redact(str(value))).encode


def _json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return _to_json(event)


_pretty = False


def formatter(*, pretty: bool) -> logging.Formatter:
    """How a line looks, whoever logged it."""
    rendering: list[Any] = (
        [_escaped, structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)]
        if pretty
        else [_json]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta, _exception, _cleaned, _stamped, *rendering,
        ],
    )  # fmt: skip


def configuration(*, pretty: bool) -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything that is logged by whatever library comes out here."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"sigid": {"()": formatter, "pretty": pretty}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "sigid", "stream": "ext://sys.stderr"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {
            "asyncio": {"level": "WARNING"},
            "alembic": {"level": "WARNING"},
            "_granian": {"level": "WARNING", "handlers": [], "propagate": True},
            "granian.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }


def configure(*, development: bool) -> None:
    """Send this process's logs to standard error."""
    global _pretty
    _pretty = development and sys.stderr.isatty()
    logging.raiseExceptions = False  # what cannot be written is lost; logging's own report would hold it unredacted
    structure()
    logging.config.dictConfig(configuration(pretty=_pretty))


def structure() -> None:
    """Let structlog's loggers go through the standard library's, so that there is one way out."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def is_pretty() -> bool:
    """Lines are for reading, on a terminal."""
    return _pretty


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `log.info("event", field=value)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def access(
    *,
    request_id: str,
    method: str,
    path: str,
    status: int,
    milliseconds: float,
    code: str | None = None,
    reason: str | None = None,
    tenant: str | None = None,
    client: str | None = None,
    upstream_request_id: str | None = None,
) -> None:
    """The one line of a request: what was asked (never its query), what it got, and why it was refused.

    It is written for each request, so it takes the short way: these fields, a look for secrets in the few that a caller
    chose, one write.
    """
    fields: dict[str, Any] = {
        "timestamp": _timestamp(),
        "level": "error" if status >= 500 else "info",
        "event": "request",
        "request_id": request_id,
        "method": method[:32],
        "path": redact(path[:512]),
        "status": status,
        "code": code,
        "reason": reason,
        "tenant": tenant,
        "client": redact(client[:256]) if client is not None else None,
        "milliseconds": round(milliseconds, 2),
    }
    if upstream_request_id is not None:
        fields["upstream_request_id"] = redact(upstream_request_id[:128])
    sys.stderr.write((_readable(fields) if _pretty else _to_json(fields)) + "\n")


def _readable(fields: Mapping[str, Any]) -> str:
    why = f"  {fields['code']} ({fields['reason']})" if fields["code"] else ""
    color = 31 if fields["status"] >= 500 else 33 if fields["status"] >= 400 else 32
    line = f"{fields['method']} {fields['path']}{why}  {fields['milliseconds']} ms  {fields['request_id']}"
    return f"\x1b[{color}m{fields['status']}\x1b[0m {_escape(line)}"
