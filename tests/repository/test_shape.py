"""The shape of the code: domains are entered by their front door, names say what a thing is, nothing is left undone."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sigid"
MODULES = sorted(path for path in SOURCE.rglob("*.py"))
FRONT_DOORS = {"kernel"}  # a set of tools, each imported by its own name
ROWS = {"routes", "endpoints"}  # what the surfaces assemble
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}


def owner(path: Path) -> str:
    """The domain that a file belongs to: the first name below the package."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module of ours that a file imports, with `from package import module` as `package.module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.startswith("sigid."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sigid":
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def exported(domain: str) -> set[str]:
    """What a domain's front door names in `__all__`. Its tables and queries are never to be had there."""
    front_door = SOURCE / domain / "__init__.py"
    body = ast.parse(front_door.read_text()).body if front_door.exists() else []
    lists = [node.value for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"]
    return {str(name) for listed in lists for name in ast.literal_eval(listed)} - {"tables", "queries"}


def inner_imports(path: Path, text: str) -> list[str]:
    """Imports of another domain's inner files, but for those that it exports whole."""
    found = []
    for line, name in imported(ast.parse(text)):
        parts = name.split(".")
        if len(parts) < 3 or parts[1] in FRONT_DOORS or parts[1] == owner(path) or parts[2] in ROWS:
            continue
        inner = SOURCE.joinpath(*parts[1:3])
        is_inner = inner.is_dir() or inner.with_suffix(".py").exists()
        if is_inner and (len(parts) > 3 or parts[2] not in exported(parts[1])):
            found.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    return found


@pytest.mark.promise("3.2.layers")
def test_domains_are_entered_by_their_front_door():
    """Others import the package, never its inner files and never its tables."""
    assert [problem for path in MODULES for problem in inner_imports(path, path.read_text())] == []


@pytest.mark.promise("3.2.layers")
def test_an_inner_import_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path / "sigid")
    (tmp_path / "sigid" / "accounts").mkdir(parents=True)
    (tmp_path / "sigid" / "accounts" / "tables.py").touch()
    (tmp_path / "sigid" / "accounts" / "routes.py").touch()
    member = tmp_path / "sigid" / "members" / "joining.py"
    (tmp_path / "sigid" / "accounts" / "passwords.py").touch()
    (tmp_path / "sigid" / "accounts" / "__init__.py").write_text('__all__ = ["Account", "passwords", "tables"]')
    for line in (
        "from sigid.accounts import tables",
        "import sigid.accounts.tables",
        "from sigid.accounts.tables import account",
        "from sigid.accounts.passwords import judge",
    ):
        assert inner_imports(member, line), line
    for line in (
        "from sigid.accounts import Account, passwords",
        "from sigid.members import tables",
        "from sigid.accounts import routes",
    ):
        assert not inner_imports(member, line), line


@pytest.mark.promise("3.2.layers")
def test_layers_hold():
    ended = subprocess.run([ROOT / ".venv/bin/lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_names_say_what_a_thing_is():
    named = {path: set(path.relative_to(SOURCE).with_suffix("").parts) for path in MODULES}
    assert [str(path) for path, names in named.items() if names & EMPTY_WORDS] == []


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_nothing_is_left_undone():
    undone = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|NotImplementedError|pytest\.mark\.(?:skip|xfail)")
    me = Path(__file__).resolve()
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in tracked("src", "tests", "bench", "examples")
        if path.suffix in {".py", ".js", ".mjs", ".ts", ".html", ".css"}
        and path.resolve() != me
        and "static" not in path.parts
        for line in path.read_text().splitlines()
        if undone.search(line)
    ]
    assert found == []


def test_nothing_points_at_somebodys_machine():
    at_home = re.compile(r"(?<![\w.])/(?:home|root|Users)/\w")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:120]}"
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".mjs", ".ts", ".sh", ""} and path != Path(__file__)
        for line in path.read_text(errors="ignore").splitlines()
        if at_home.search(line)
    ]
    assert found == []
