"""SigID as `make dev` starts it, with a data folder and a port of its own."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.harness.server import Server, wait_for

ROOT = Path(__file__).parents[2]


@dataclass
class Development(Server):
    """`command` is what a page says to start it by."""

    start_command: str = "make dev"

    def spawn(self) -> subprocess.Popen[bytes]:
        with self.printed_file.open("wb") as printed, self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", f"exec {self.start_command}"],
                env=self.env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=log,
                start_new_session=True,
            )
        return self._process

    @property
    def printed_file(self) -> Path:
        return self.folder / "printed"

    def printed(self, label: str) -> str:
        """What stands behind `label: ` in the next steps."""
        found = wait_for(label, lambda: re.search(rf"^{label}: (\S+)", self.printed_file.read_text(), re.MULTILINE))
        return found[1]
