"""Commands for one tenant: `sigid bootstrap`, `sigid setup-link`, `sigid initial-access-token`."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from sigid import bootstrap as making
from sigid import tenants
from sigid.applications import initial_access
from sigid.commands import checks
from sigid.kernel import startup
from sigid.kernel.callers import SYSTEM, Caller, Origin, anyone, in_tenant
from sigid.kernel.database import change, look
from sigid.kernel.errors import SigidError
from sigid.kernel.settings import Settings, load_settings

commands = typer.Typer()

_Slug = Annotated[str, typer.Option("--tenant", metavar="SLUG", help="The tenant's slug.")]


class UnknownTenantError(SigidError):
    """No tenant has this slug."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"there is no tenant {slug}")


@commands.command()
def bootstrap(
    file: Annotated[Path, typer.Option("--file", help="YAML or JSON; one tenant a file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on one line.")] = False,
) -> None:
    """Make a tenant with its users, roles, APIs and applications; what is there already stays as it is."""
    document = making.read(file)
    settings = load_settings()
    checks.refuse_unready(settings)
    made = asyncio.run(_bootstrap(settings, document))
    sys.stdout.write(json.dumps(made, indent=None if as_json else 2, ensure_ascii=False) + "\n")


async def _bootstrap(settings: Settings, document: making.Document) -> dict[str, Any]:
    async with startup.running(settings):
        return await making.make(document, settings.issuer)


@commands.command("setup-link")
def setup_link(tenant: _Slug) -> None:
    """Print a new one-time link that makes an owner of the tenant. Links made before it no longer work."""
    settings = load_settings()
    checks.refuse_unready(settings)
    sys.stdout.write(asyncio.run(_setup_link(settings, tenant)) + "\n")


async def _setup_link(settings: Settings, slug: str) -> str:
    async with startup.running(settings):
        return await making.setup_link(await caller_in(slug), settings.issuer)


@commands.command("initial-access-token")
def initial_access_token(
    tenant: _Slug,
    uses: Annotated[
        int, typer.Option(min=1, max=initial_access.MOST_USES, help="How many applications may register with it.")
    ] = 1,
) -> None:
    """Print a token with which applications register themselves in the tenant, for 24 hours."""
    settings = load_settings()
    checks.refuse_unready(settings)
    sys.stdout.write(asyncio.run(_initial_access_token(settings, tenant, uses)) + "\n")


async def _initial_access_token(settings: Settings, slug: str, uses: int) -> str:
    async with startup.running(settings), change(await caller_in(slug)) as tx:
        return (await initial_access.create(tx, uses=uses, life=timedelta(hours=24))).reveal()


async def caller_in(slug: str) -> Caller:
    """The operator in a tenant, by its slug. Raises UnknownTenantError."""
    origin = Origin.process()
    async with look(anyone(origin)) as tx:
        found = await tenants.by_slug(tx, slug)
    if found is None:
        raise UnknownTenantError(slug)
    return in_tenant(found.id, SYSTEM, origin)
