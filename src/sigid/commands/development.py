"""`sigid dev`: everything ready on this machine, then the server. It is what `make dev` runs."""

import asyncio
import os
from typing import Any, Final

import typer
from rich.console import Console

from sigid import bootstrap
from sigid.commands import database, serving
from sigid.kernel import startup
from sigid.kernel.settings import Settings, load_settings

commands = typer.Typer()

CLIENT_ID: Final = "acme-web"
CALLBACK: Final = "http://localhost:3000/callback"
DEMONSTRATION: Final = {
    "tenant": {"slug": "acme", "name": "Acme"},
    "roles": {"member": ["projects:read", "projects:delete"]},
    "users": [{"email": "ada@example.com", "name": "Ada Lovelace", "roles": ["member"], "email_verified": True}],
    "apis": [
        {
            "audience": "https://api.example.com",
            "name": "Projects",
            "scopes": {"projects:read": "See your projects", "projects:delete": "Delete your projects"},
        }
    ],
    "applications": [
        {
            "name": "Acme Web",
            "client_id": CLIENT_ID,
            "type": "spa",
            "redirect_uris": [CALLBACK, "http://localhost:5173/callback"],
            "post_logout_redirect_uris": ["http://localhost:3000/", "http://localhost:5173/"],
            "scopes": ["openid", "profile", "email", "offline_access", "projects:read", "projects:delete"],
            "audiences": ["https://api.example.com"],
        },
        {
            "name": "Acme Robot",
            "type": "service",
            "scopes": ["projects:read"],
            "audiences": ["https://api.example.com"],
        },
    ],
    "initial_access_token": True,
}


@commands.command()
def dev() -> None:
    """Run SigID on this machine: migrate, make keys and a demonstration tenant, say what next, serve."""
    os.environ.setdefault("SIGID_ENV", "development")
    settings = load_settings()
    database.prepare(settings)
    made = asyncio.run(_demonstrate(settings))
    _next_steps(settings, made)
    serving.run(settings)


async def _demonstrate(settings: Settings) -> dict[str, Any]:
    async with startup.running(settings):
        return await bootstrap.make(bootstrap.parse(DEMONSTRATION), settings.issuer)


def _next_steps(settings: Settings, made: dict[str, Any]) -> None:
    """A few lines that can be followed as printed. Secrets stand there only when they were just made."""
    issuer, token = settings.issuer, made["initial_access_token"]
    register = f" TOKEN={token}" if token is not None else ""
    lines = [
        "",
        f"SigID runs at {issuer}, for development; its demonstration tenant is acme.",
        "",
        *([f"Setup link: {made['setup_link']}"] if made["setup_link"] is not None else []),
        *([f"Initial access token: {token}"] if token is not None else []),
        f"Inbox: {issuer}/dev/inbox (all mail lands there; ada@example.com signs in with a code by mail)",
        f"Client: client_id {CLIENT_ID}, token_endpoint_auth_method none, redirect_uri {CALLBACK}",
        *_service(made),
        f"Discovery: {issuer}/.well-known/openid-configuration",
        "",
        f"Next: make -C examples/quickstart-python{register}, then open http://localhost:3000",
        "",
    ]
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for line in lines:
        console.print(line)


def _service(made: dict[str, Any]) -> list[str]:
    return [
        f"Service: client_id {application['client_id']}, client_secret {application['client_secret']}, "
        "token_endpoint_auth_method client_secret_basic"
        for application in made["applications"]
        if application["client_secret"] is not None
    ]
