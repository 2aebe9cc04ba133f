"""`sigid keys rotate` and `sigid keys rotate-root`."""

import asyncio

import typer
from rich.console import Console

from sigid.commands import checks
from sigid.kernel import resealing, startup
from sigid.kernel.settings import Settings, load_settings
from sigid.tokens import schedule

commands = typer.Typer(help="Signing keys, and the root key that everything secret is sealed under.")


@commands.command()
def rotate() -> None:
    """Let the next signing keys sign at once. A running server does so within seconds; the old ones still verify."""
    settings = load_settings()
    checks.refuse_unready(settings)
    promoted = asyncio.run(_rotate(settings))
    Console().print(f"{len(promoted)} keys now sign" if promoted else "They were rotated a moment ago.")
    for kid in promoted:
        typer.echo(kid)


async def _rotate(settings: Settings) -> list[str]:
    async with startup.running(settings):
        return await schedule.rotate()


@commands.command("rotate-root")
def rotate_root() -> None:
    """Seal everything anew under SIGID_ROOT_KEY that SIGID_ROOT_KEY_PREVIOUS sealed. Cut short, it may be run again."""
    settings = load_settings()
    checks.refuse_unready(settings)
    resealed = asyncio.run(_rotate_root(settings))
    for column, count in resealed.items():
        typer.echo(f"{column}: {count}")
    typer.echo("Everything is sealed under SIGID_ROOT_KEY; SIGID_ROOT_KEY_PREVIOUS is no longer needed.")


async def _rotate_root(settings: Settings) -> dict[str, int]:
    async with startup.running(settings):
        return await resealing.reseal_everything()
