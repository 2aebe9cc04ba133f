"""`sigid audit verify`: of a tenant's log in the database, or of an exported file without any database."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from sigid import audit
from sigid.commands import checks
from sigid.commands.tenant import caller_in
from sigid.kernel import startup
from sigid.kernel.errors import SigidError
from sigid.kernel.settings import Settings, load_settings
from sigid.tokens import schedule

commands = typer.Typer(help="The audit log.")

_LARGEST_JWKS: Final = 1024 * 1024


class FileError(SigidError):
    """A file that was named and cannot be read."""


@commands.callback()
def _group() -> None:
    """The audit log."""


@commands.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="An exported log; needs no database.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", metavar="SLUG", help="The log in the database.")] = None,
    jwks: Annotated[Path | None, typer.Option("--jwks", help="The JWK set that an export's signature is by.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether a log is intact: exit code 0 when it is, 1 when it is not."""
    if (file is None) == (tenant is None) or (jwks is not None and file is None):
        raise typer.BadParameter("name either a FILE (perhaps with --jwks) or a --tenant")
    report = _of_tenant(tenant) if tenant is not None else _of_file(file, jwks)
    typer.echo(json.dumps(report.as_json()) if as_json else _told(report))
    raise typer.Exit(0 if report.ok else 1)


def _of_tenant(slug: str) -> audit.Report:
    settings = load_settings()
    checks.refuse_unready(settings)
    return asyncio.run(_verify(settings, slug))


async def _verify(settings: Settings, slug: str) -> audit.Report:
    async with startup.running(settings):
        caller = await caller_in(slug)
        keys = audit.Keys({"keys": await schedule.every_public()})
        return await audit.verify_log(audit.TENANT, str(caller.tenant_id), keys)


def _of_file(file: Path | None, jwks: Path | None) -> audit.Report:
    try:
        known = _jwks(jwks) if jwks is not None else None
        with (file or Path()).open("rb") as lines:
            return audit.verify_export(lines, known)
    except OSError as error:
        raise FileError(f"{error.filename}: {error.strerror}") from None


def _jwks(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as file:
        try:
            value = orjson.loads(file.read(_LARGEST_JWKS))
        except orjson.JSONDecodeError:
            raise FileError(f"{path}: is not JSON") from None
    if not isinstance(value, dict) or not isinstance(value.get("keys"), list):
        raise FileError(f"{path}: is not a JWK set")
    return value


def _told(report: audit.Report) -> str:
    lines = [f"{'Intact' if report.ok else 'NOT INTACT'}: {report.tree_size} entries, root {report.root_hash}"]
    if report.unsealed:
        lines.append(f"{report.unsealed} not sealed yet")
    if report.erased:
        lines.append(f"{report.erased} erased")
    return "\n".join(lines + report.problems)
