"""`sigid`: the commands put together, and what becomes of an error.

A setting that is missing or wrong, a file with a mistake: one line on standard error that names it, exit code 2, no
traceback. What could not be done now ends with 1.
"""

import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from sigid.bootstrap import DocumentError
from sigid.commands import audit, database, development, keys, serving, tenant
from sigid.kernel.errors import SettingsError, SigidError

app = typer.Typer(
    name="sigid",
    help="SigID: sign-in for people, tokens for services and agents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for part in (serving, database, tenant, development):
    app.add_typer(part.commands)
app.add_typer(keys.commands, name="keys")
app.add_typer(audit.commands, name="audit")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"sigid {version('sigid')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """SigID: sign-in for people, tokens for services and agents."""


def main() -> None:
    """Run the command that the arguments name."""
    try:
        app()
    except (SettingsError, DocumentError) as error:
        _fail(error, 2)
    except SigidError as error:
        _fail(error, 1)


def _fail(error: SigidError, code: int) -> NoReturn:
    sys.stderr.write(f"sigid: {error}\n")
    sys.exit(code)
