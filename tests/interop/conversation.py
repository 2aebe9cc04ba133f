"""Runs a Node script that needs a person: it says where the browser should go, and hears where it arrived."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).parent / "node"


def node_modules() -> Path:
    """The installed clients."""
    modules = NODE / "node_modules"
    if shutil.which("node") is None or not modules.exists():
        pytest.skip("Node or its packages are not installed")
    return modules


def converse(
    script: str, opening: dict[str, Any], browse: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Say `opening`, answer each {open, then} by `browse`; returns what the script says last. It must end well."""
    node_modules()
    process = subprocess.Popen(
        ["node", NODE / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said: dict[str, Any] = {}
    try:
        process.stdin.write(json.dumps(opening) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            said = json.loads(line)
            if "open" in said:
                process.stdin.write(json.dumps(browse(said)) + "\n")
                process.stdin.flush()
        assert process.wait(60) == 0
    except (AssertionError, BrokenPipeError, json.JSONDecodeError) as failure:
        process.kill()
        raise AssertionError(f"{failure}\nlast said: {said}\n{process.communicate()[1]}") from failure
    finally:
        process.kill()
        process.communicate()
    return said
