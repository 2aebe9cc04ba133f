"""The edge of HTTP: requests, answers, and the rows that say which handler answers what."""

from sigid.kernel.web.dispatch import Dispatcher, Endpoint, Observer, Surfaces
from sigid.kernel.web.requests import Form, Request
from sigid.kernel.web.responses import (
    HTML,
    JSON,
    NO_REFERRER,
    NO_STORE,
    NOSNIFF,
    Cookie,
    Response,
    cookie_name,
    json_response,
    redirect,
    with_fragment,
    with_query,
)

__all__ = [
    "HTML",
    "JSON",
    "NOSNIFF",
    "NO_REFERRER",
    "NO_STORE",
    "Cookie",
    "Dispatcher",
    "Endpoint",
    "Form",
    "Observer",
    "Request",
    "Response",
    "Surfaces",
    "cookie_name",
    "json_response",
    "redirect",
    "with_fragment",
    "with_query",
]
