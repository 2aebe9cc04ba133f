"""`sigid migrate` and `sigid doctor`."""

import asyncio

import typer
from rich.console import Console
from rich.markup import escape

from sigid import tenants
from sigid.commands import health
from sigid.kernel import startup
from sigid.kernel.callers import SYSTEM, Origin, in_tenant
from sigid.kernel.database import change
from sigid.kernel.errors import SigidError
from sigid.kernel.settings import Settings, load_settings
from sigid.tokens import schedule

commands = typer.Typer()


@commands.command()
def migrate() -> None:
    """Bring the database to this version's schema. Safe to repeat, also while the server runs."""
    prepare(load_settings())


def prepare(settings: Settings) -> None:
    """The newest schema, the installation's own tenant, and signing keys."""
    from sigid import migrations  # noqa: PLC0415  (Alembic is large, and only this command needs it)

    startup.prepare(settings)
    migrations.run(settings)
    asyncio.run(_found_installation(settings))


async def _found_installation(settings: Settings) -> None:
    async with startup.running(settings):
        async with change(in_tenant(tenants.INSTALLATION, SYSTEM, Origin.process())) as tx:
            await tenants.create_installation(tx)
        await schedule.keep_scheduled()


@commands.command()
def doctor() -> None:
    """Look at everything that SigID needs, and say what is wrong. Exit code 0 when nothing is."""
    settings = load_settings()
    console = Console(highlight=False, soft_wrap=True)
    well = True
    for check in health.CHECKS:
        try:
            console.print(f"[green]ok[/]     {check.name}: {escape(check.look(settings))}")
        except SigidError as error:
            well = False
            console.print(f"[red]wrong[/]  {check.name}: {escape(str(error))}")
    raise typer.Exit(0 if well else 1)
