"""Runs `sigid` commands quickly: one process has imported the program, and forks for each command.

Importing takes a second, a tenant takes a few milliseconds, and nearly every test makes a tenant. What runs is the real
command, in a process of its own, with its own environment. Tests of the commands themselves run `.venv/bin/sigid`.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

PROGRAM = Path(sys.executable).parent / "sigid"


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    def good(self) -> Self:
        assert self.code == 0, f"exit {self.code}\n{self.stdout}\n{self.stderr}"
        return self


def run_program(*arguments: str, env: dict[str, str], timeout: float = 120) -> Ended:
    """`.venv/bin/sigid …`, as a person runs it."""
    ended = subprocess.run(
        [PROGRAM, *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


class Commands:
    """The process that has imported `sigid` and forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.commands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def run(self, *arguments: str, env: dict[str, str]) -> Ended:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps({"arguments": arguments, "env": env}) + "\n")
            self._process.stdin.flush()
            return Ended(**json.loads(self._process.stdout.readline()))

    def stop(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(30)


def _serve() -> None:
    import sigid.cli

    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            pid = os.fork()
            if pid == 0:
                _become(asked["arguments"], asked["env"], stdout, stderr)
                os._exit(_exit_code(sigid.cli.main))
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            said = [(file.seek(0), file.read())[1] for file in (stdout, stderr)]
        print(json.dumps({"code": code, "stdout": said[0], "stderr": said[1]}), flush=True)


def _become(arguments: list[str], env: dict[str, str], stdout: IO[str], stderr: IO[str]) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout.fileno(), 1)
    os.dup2(stderr.fileno(), 2)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["sigid", *arguments]


def _exit_code(main: object) -> int:
    """Run it, and answer what the interpreter would have exited with."""
    assert callable(main)
    code = 0
    try:
        code = main() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return code


if __name__ == "__main__":
    _serve()
