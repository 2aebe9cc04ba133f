"""A web application that signs people in with SigID, and calls a protected API in their name.

Run `make` beside a running `make dev`, and open http://localhost:3000. The browser holds nothing but the name of its
session: tokens stay here, and the API is called from here.
"""

import os
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2
import uvicorn
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.starlette_client import OAuth, OAuthError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates

import client
from api import AUDIENCE, create_api

PORT = int(os.environ.get("PORT", "3000"))
ORIGIN = f"http://localhost:{PORT}"
API = f"{ORIGIN}/api"

pages = Jinja2Templates("templates")
me = client.load(ORIGIN)
oauth = OAuth()
sigid = oauth.register(
    "sigid",
    server_metadata_url=f"{me.issuer}/.well-known/openid-configuration",
    client_id=me.client_id,
    client_secret=me.client_secret,
    client_kwargs={"scope": client.SCOPE, "code_challenge_method": "S256"},
    authorize_params={"resource": AUDIENCE},  # RFC 8707: the access token is for this API
)


@dataclass
class Session:
    """Someone who is signed in here. `token` is what SigID answered: access, refresh and ID token."""

    user: dict[str, Any]
    token: dict[str, Any]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(32))


sessions: dict[str, Session] = {}  # your database, in real life


def session_of(request: Request) -> Session | None:
    return sessions.get(request.session.get("id", ""))


async def home(request: Request) -> Response:
    session = session_of(request)
    if session is None:
        return show(request, "signed_out.html")
    answer = await call(session, "GET", "/projects")
    if answer is None:
        return RedirectResponse("/login", 303)
    return show(request, "home.html", user=session.user, projects=answer.json()["data"] if answer.is_success else [])


async def login(request: Request) -> Response:
    """Send the browser to SigID. Authlib makes state, nonce and the PKCE verifier, and keeps them in the session."""
    stronger = {name: request.query_params[name] for name in ("max_age", "acr_values") if name in request.query_params}
    return await sigid.authorize_redirect(request, f"{ORIGIN}/callback", **stronger)


async def callback(request: Request) -> Response:
    """Take the answer: check `iss` (RFC 9207) and `state`, redeem the code, check the ID token; then a new session."""
    if request.query_params.get("iss") != me.issuer:
        return sorry(request, "mix_up", "The answer is another issuer's.")
    try:
        token = await sigid.authorize_access_token(request, leeway=60)
    except OAuthError as error:  # the person said no, say, or the state is not of this browser
        return sorry(request, error.error, error.description or "")
    user = await sigid.userinfo(token=token)
    if user["sub"] != token["userinfo"]["sub"]:  # Core 5.3.2
        return sorry(request, "invalid_userinfo", "The profile is somebody else's.")
    sessions.pop(request.session.get("id", ""), None)
    session = Session(dict(user), dict(token))
    sessions[session.id] = session
    request.session.clear()
    request.session["id"] = session.id
    return RedirectResponse("/", 303)


async def delete_project(request: Request) -> Response:
    session = session_of(request)
    answer = await call(session, "DELETE", f"/projects/{request.path_params['id']}") if session else None
    if answer is None:
        return RedirectResponse("/login", 303)
    challenge = dict(re.findall(r'(\w+)="([^"]*)"', answer.headers.get("WWW-Authenticate", "")))
    if challenge.get("error") == "insufficient_user_authentication":  # RFC 9470: sign in again, as the API asks
        stronger = {name: challenge[name] for name in ("max_age", "acr_values") if name in challenge}
        return RedirectResponse(f"/login?{httpx2.QueryParams(stronger)}", 303)
    if not answer.is_success:
        return sorry(request, str(answer.json()["error"]), challenge.get("error_description", ""), answer.status_code)
    return RedirectResponse("/", 303)


async def logout(request: Request) -> Response:
    """End the session here, give the refresh token back (RFC 7009), and end the session at SigID too."""
    session = sessions.pop(request.session.pop("id", ""), None)
    if session is None:
        return RedirectResponse("/", 303)
    if "refresh_token" in session.token:
        metadata = await sigid.load_server_metadata()
        async with AsyncOAuth2Client(me.client_id, me.client_secret) as http:
            await http.revoke_token(metadata["revocation_endpoint"], session.token["refresh_token"], "refresh_token")
    away = await sigid.logout_redirect(request, f"{ORIGIN}/signed-out", session.token["id_token"])
    away.status_code = 303
    return away


async def signed_out(request: Request) -> Response:
    """Where SigID sends the browser after the logout that we asked for."""
    try:
        await sigid.validate_logout_response(request)
    except OAuthError as error:
        return sorry(request, error.error or "state_unknown", error.description or "")
    return show(request, "signed_out.html", message="You are signed out.")


async def call(session: Session, method: str, path: str) -> httpx2.Response | None:
    """Call the API in the person's name. None: the session has ended at SigID, and so it does here."""
    if session.token["expires_at"] < time.time() + 30 and not await refresh(session):
        sessions.pop(session.id, None)
        return None
    headers = {"Authorization": f"Bearer {session.token['access_token']}"}
    async with httpx2.AsyncClient() as http:
        return await http.request(method, f"{API}{path}", headers=headers)


async def refresh(session: Session) -> bool:
    """Get a new access token. The refresh token changes with it. There is none where the person did not allow it."""
    if "refresh_token" not in session.token:
        return False
    try:
        token = await sigid.fetch_access_token(
            grant_type="refresh_token", refresh_token=session.token["refresh_token"], scope=None
        )
    except OAuthError:
        return False
    session.token |= token
    return True


def show(request: Request, page: str, status: int = 200, **values: object) -> Response:
    return pages.TemplateResponse(request, page, values, status, headers={"Cache-Control": "no-store"})


def sorry(request: Request, error: str, description: str, status: int = 400) -> Response:
    return show(request, "error.html", status, error=error, description=description)


routes = [
    Route("/", home),
    Route("/login", login),
    Route("/callback", callback),
    Route("/projects/{id}/delete", delete_project, methods=["POST"]),
    Route("/logout", logout, methods=["POST"]),
    Route("/signed-out", signed_out),
    Mount("/api", create_api(me.issuer)),
]
# SameSite=Lax: another site's forms come without the session, so that they change nothing.
cookie = Middleware(SessionMiddleware, secret_key=secrets.token_hex(32), session_cookie="quickstart", max_age=None)
app = Starlette(routes=routes, middleware=[cookie])

if __name__ == "__main__":
    print(f"Open {ORIGIN}")
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
