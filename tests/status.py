"""docs/status.md: every promise of an issue, and the test that shows it or "not yet".

`docs/promises.toml` lists the promises; `@pytest.mark.promise("3.5.pkce")` on a test, a class or a module claims one.
The markers are read from the source, so that the page is the same whichever tests were run, and whether they can run
here. `python -m tests.status` (`make docs`) writes it; a run of the tests outside CI does so too.
"""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROMISES = ROOT / "docs" / "promises.toml"
STATUS = ROOT / "docs" / "status.md"

_HEAD = """\
# Status

What SigID promises, issue by issue, and the test that shows it. Made from the markers in the tests by `make docs`; the
promises stand in [promises.toml](promises.toml).
"""


@dataclass(frozen=True, order=True)
class Claim:
    """A test that says it shows a promise."""

    promise: str
    file: str
    test: str  # a function, `Class.function`, a class, or empty for a whole file


def promises() -> dict[str, dict[str, str]]:
    """Issue heading → promise id → its sentence."""
    return tomllib.loads(PROMISES.read_text())


def claims(root: Path = ROOT) -> list[Claim]:
    found: list[Claim] = []
    for file in sorted((root / "tests").rglob("test_*.py")):
        if "node_modules" not in file.parts:
            name = file.relative_to(root).as_posix()
            found += [Claim(promise, name, test) for promise, test in _marked(ast.parse(file.read_text()), "")]
    return found


def unknown() -> list[Claim]:
    """Claims of promises that nobody made."""
    known = {promise for listed in promises().values() for promise in listed}
    return [claim for claim in claims() if claim.promise not in known]


def text() -> str:
    shown: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims():
        shown[claim.promise].append(claim)
    return _HEAD + "".join(_section(issue, listed, shown) for issue, listed in promises().items())


def write() -> None:
    new = text()
    if not STATUS.exists() or STATUS.read_text() != new:
        STATUS.write_text(new)


def _section(issue: str, listed: dict[str, str], shown: dict[str, list[Claim]]) -> str:
    done = sum(promise in shown for promise in listed)
    lines = [f"\n## {issue}\n", f"{done} of {len(listed)} shown.\n", "| | Promise | Shown by |", "| --- | --- | --- |"]
    for promise, sentence in listed.items():
        tests = "<br>".join(_link(claim) for claim in sorted(set(shown[promise]))) or "not yet"
        lines.append(f"| {promise} | {sentence} | {tests} |")
    return "\n".join(lines) + "\n"


def _link(claim: Claim) -> str:
    place = claim.file.removeprefix("tests/")
    return f"[{place}{'::' if claim.test else ''}{claim.test.replace('.', '::')}](../{claim.file})"


def _marked(node: ast.AST, within: str) -> Iterator[tuple[str, str]]:
    """Every `mark.promise(…)` below a node, with the test that it stands on or in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _marked(child, f"{within}.{child.name}".lstrip("."))
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr == "promise":
            for argument in child.args:
                assert isinstance(argument, ast.Constant), f"line {child.lineno}: write the promise's id out"
                yield str(argument.value), within
        yield from _marked(child, within)


if __name__ == "__main__":
    write()
