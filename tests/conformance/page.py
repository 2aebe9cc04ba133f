"""docs/conformance.md: every module of every plan, what it shows here, and where its test stands.

Read from the source, so that the page is the same whichever tests were run; a module in it that fails fails the run.
`python -m tests.conformance.page` (`make docs`) writes it; a run of the tests outside CI does so too.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"

_HEAD = """\
# Conformance

The modules of the OpenID Foundation's certification plans, each as a test of its own name over a real server, on
SQLite and PostgreSQL. Every success is checked for more than its module is about: the keys, the answer's delivery,
`state` and `iss`, the token answer, the ID token's signature and claims, the types of UserInfo. All that are
listed pass; one that fails fails the build. Made from the tests by `make docs`.

Not listed, so not shown yet, of the dynamic plan: discovery with implicit response types (never offered), the pages of
`logo_uri`, `policy_uri` and `tos_uri`, keys and sector documents by URL, rotated keys, request objects by URL, an
assertion whose audience is the issuer. Registered clients always use PKCE, which that plan does not send.
"""


@dataclass(frozen=True)
class Row:
    """A module as its file tells it."""

    name: str
    clause: str
    shows: str


def text() -> str:
    files = sorted((ROOT / "tests" / "conformance").glob("test_*.py"))
    return _HEAD + "".join(_section(file) for file in files if _plans(ast.parse(file.read_text())))


def write() -> None:
    new = text()
    if not PAGE.exists() or PAGE.read_text() != new:
        PAGE.write_text(new)


def _section(file: Path) -> str:
    tree = ast.parse(file.read_text())
    link = f"[{file.name}](../{file.relative_to(ROOT).as_posix()})"
    rows = list(_rows(tree))
    heading = f"\n## {' and '.join(_plans(tree))}\n\n{len(rows)} modules, in {link}.\n\n"
    table = ["| Module | Clause | What it shows |", "| --- | --- | --- |"]
    table += [f"| {row.name} | {row.clause} | {row.shows} |" for row in rows]
    return heading + "\n".join(table) + "\n"


def _plans(tree: ast.Module) -> tuple[str, ...]:
    """The file's `PLANS`; a file without is no plan."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PLANS":
            return tuple(ast.literal_eval(node.value))
    return ()


def _rows(tree: ast.Module) -> Iterator[Row]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "plan.module":
                name, clause = (str(ast.literal_eval(argument)) for argument in decorator.args)
                shows = ast.get_docstring(node)
                assert shows, f"{name}: say what it shows"
                yield Row(name, clause, " ".join(shows.split()))


if __name__ == "__main__":
    write()
