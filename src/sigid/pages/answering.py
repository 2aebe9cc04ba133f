"""Answers of the authorization endpoint, on their way to the application (RFC 6749 section 4.1.2, RFC 9207)."""

from sigid.kernel.errors import OAuthError
from sigid.kernel.web import Request, Response, redirect, with_fragment, with_query
from sigid.oauth import Reply, authorization
from sigid.pages.brand import Brand
from sigid.pages.csp import form_action_for
from sigid.pages.shown import show
from sigid.pages.views import FormPost


def to_application(request: Request, reply: Reply, answer: dict[str, str], brand: Brand, locale: str) -> Response:
    """The answer by the mode that was asked for; `state` exactly as sent, `iss` always."""
    parameters = dict(answer)
    if reply.state is not None:
        parameters["state"] = reply.state
    parameters["iss"] = request.issuer
    if reply.response_mode == "form_post":
        page = FormPost(redirect_uri=reply.redirect_uri, parameters=tuple(parameters.items()))
        return show(page, locale=locale, brand=brand, form_action=form_action_for(reply.redirect_uri))
    if reply.response_mode == "fragment":
        return redirect(with_fragment(reply.redirect_uri, parameters))
    return redirect(with_query(reply.redirect_uri, parameters))


def refusal(request: Request, reply: Reply, error: OAuthError, brand: Brand, locale: str) -> Response:
    """An error, told to the application; its private reason goes to the log."""
    response = to_application(request, reply, authorization.refused(error), brand, locale)
    response.code, response.reason = error.code, error.reason
    return response
