"""The commands of the README are what CI runs, and the environment is what the lock file says."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.promise("3.1.ci")
def test_ci_runs_what_people_run():
    lines = [line.strip() for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    assert [line for line in lines if line.startswith("make")] == ["make lint", "make bench QUICK=1", "make test"]
    assert "set -euo pipefail" in lines


def test_make_knows_its_targets():
    makefile = (ROOT / "Makefile").read_text()
    for target in ("setup", "dev", "test", "lint", "bench", "docs", "assets"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_uv_is_pinned_once():
    """The version that `make setup` reads from pyproject.toml is the locked one."""
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    [pinned] = [entry for entry in group if entry.startswith("uv==")]
    locked = {
        package["name"]: package["version"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    assert pinned == f"uv=={locked['uv']}"
    asked = subprocess.run(
        ["make", "--dry-run", "--always-make", "setup"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert pinned in asked.stdout


@pytest.mark.promise("3.1.licence")
def test_licence_and_its_company():
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    for name in ("NOTICE", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "README.md"):
        assert (ROOT / name).read_text().strip(), name
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"
