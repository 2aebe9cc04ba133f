"""What a page of the docs shows in fences, and a shell that runs it block by block."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_FENCE = re.compile(r"^```(?P<language>\w+)(?: (?P<note>[^\n]+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "\x00"


@dataclass(frozen=True)
class Block:
    """A fenced block. `note` is what stands behind its language: `server`, or the file that it is from."""

    language: str
    note: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(found["language"], found["note"] or "", found["text"], line)


class Shell:
    """One bash for a page, as the reader's terminal: what a block sets is there in the next. A failure ends it."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        script, self._script = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "--norc", "-euo", "pipefail", f"/dev/fd/{script}"],
            cwd=folder,
            env=env,
            pass_fds=[script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        os.close(script)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._script)
        self._process.kill()
        self._process.communicate()

    def run(self, text: str, typed: str = "") -> str:
        """Run a block, with what a person types into it; answers what it printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if typed:
            self._process.stdin.write(typed + "\n")
            self._process.stdin.flush()
        os.write(self._script, f"{text}\nprintf '\\0\\n'\n".encode())
        said = []
        for line in self._process.stdout:
            if line.startswith(_END) or line.endswith(f"{_END}\n"):
                said.append(line.rstrip(f"\n{_END}"))
                return "\n".join(said).strip()
            said.append(line.rstrip("\n"))
        raise AssertionError(f"the block failed:\n{text}\n" + "\n".join(said))


def differences(shown: Any, real: Any, at: str = "") -> list[str]:
    """Where an answer is not what the page shows. `…` stands for whatever is different each time, as do numbers."""
    if isinstance(shown, dict) and isinstance(real, dict):
        missing = [f"{at}/{name} stands on one side only" for name in shown.keys() ^ real.keys()]
        both = [differences(shown[name], real[name], f"{at}/{name}") for name in shown.keys() & real.keys()]
        return missing + [found for each in both for found in each]
    if isinstance(shown, str) and isinstance(real, str) and "…" in shown:
        fits = re.fullmatch(re.escape(shown).replace("…", ".+"), real) is not None
    elif isinstance(shown, bool) or not isinstance(shown, int):
        fits = shown == real
    else:
        fits = isinstance(real, int) and not isinstance(real, bool)
    return [] if fits else [f"{at} is {json.dumps(real)} and not {json.dumps(shown, ensure_ascii=False)}"]
