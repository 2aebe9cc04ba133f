"""Which OAuth client this application is: the one in `.env`, or one that it registers now (RFC 7591)."""

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx2
from starlette.config import Config

SCOPE = "openid profile email offline_access projects:read projects:delete"


@dataclass(frozen=True)
class Client:
    issuer: str
    client_id: str
    client_secret: str


def load(origin: str) -> Client:
    """Read the client from the environment or `.env`; register one where there is none."""
    file = Path(os.environ.get("ENV_FILE", ".env"))
    config = Config(file if file.exists() else None)
    issuer = config("SIGID_ISSUER", default="http://localhost:8484").rstrip("/")
    client_id = config("SIGID_CLIENT_ID", default="")
    if client_id:
        return Client(issuer, client_id, config("SIGID_CLIENT_SECRET", default=""))
    token = config("SIGID_INITIAL_ACCESS_TOKEN", default="") or _ask()
    client = _register(issuer, token, origin)
    file.touch(mode=0o600)  # before the secret is in it
    file.write_text(
        f"SIGID_ISSUER={client.issuer}\nSIGID_CLIENT_ID={client.client_id}\nSIGID_CLIENT_SECRET={client.client_secret}\n"
    )
    print(f"Registered as {client.client_id}, kept in {file}")
    return client


def _ask() -> str:
    if not sys.stdin.isatty():
        sys.exit("No client yet: run `make TOKEN=…` with the initial access token that `make dev` printed.")
    return getpass.getpass("Initial access token (make dev printed it): ").strip()


def _register(issuer: str, token: str, origin: str) -> Client:
    """The token chooses the tenant. The answer holds the secret, this once."""
    try:
        metadata = httpx2.get(f"{issuer}/.well-known/openid-configuration").raise_for_status().json()
        answer = httpx2.post(
            metadata["registration_endpoint"],
            headers={"Authorization": f"Bearer {token}"},
            json={
                "client_name": "Quickstart (Python)",
                "redirect_uris": [f"{origin}/callback"],
                "post_logout_redirect_uris": [f"{origin}/signed-out"],
                "grant_types": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_method": "client_secret_basic",
                "scope": SCOPE,
            },
        )
    except httpx2.HTTPError as error:
        sys.exit(f"SigID does not answer at {issuer}: {error}")
    if answer.status_code != 201:
        sys.exit(f"SigID did not register this application: {answer.status_code} {answer.text}")
    made = answer.json()
    return Client(issuer, made["client_id"], made["client_secret"])
