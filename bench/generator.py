"""The load generator `load/` (a Go program): building it, and giving it jobs."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bench.problems import BenchError

SOURCE = Path(__file__).parent / "load"
PROGRAM = Path(__file__).parent / ".cache" / "load"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Job:
    """The members are explained where the program declares them, in load/main.go."""

    mode: str
    address: str
    host: str
    connections: int
    requests: list[Request]
    warm: float = 0.0
    seconds: float = 1.0
    once: bool = False
    expect: str = ""
    values: list[str] = field(default_factory=list)
    callback: str = ""
    fields: list[dict[str, str]] = field(default_factory=list)

    def lasting(self, warm: float, seconds: float) -> "Job":
        return replace(self, warm=warm, seconds=seconds)


@dataclass(frozen=True)
class Result:
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    requests: int
    errors: int
    bytes: int
    seconds: float
    own_cpu_seconds: float = 0.0
    first_error: str = ""
    values: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)


def build() -> str:
    """Build the program where its sources are newer than it, and tell with which Go."""
    go = shutil.which("go")
    if go is None:
        raise BenchError("Go is missing: the load generator is a Go program (install golang-go, or Go 1.19 or newer)")
    newest = max(path.stat().st_mtime for path in [*SOURCE.glob("*.go"), SOURCE / "go.mod"])
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < newest:
        PROGRAM.parent.mkdir(exist_ok=True)
        done = subprocess.run(
            [go, "build", "-o", str(PROGRAM), "."], cwd=SOURCE, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise BenchError(f"the load generator could not be built: {done.stderr.strip()}")
    return subprocess.run([go, "version"], capture_output=True, text=True, check=True).stdout.split()[2]


def run(job: Job, when_measuring: Callable[[], None] = lambda: None) -> Result:
    """Let the program do a job; `when_measuring` is called at the end of the warm-up."""
    with subprocess.Popen(
        [str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        if program.stdin is None or program.stdout is None or program.stderr is None:
            raise BenchError("the load generator has no pipes")
        program.stdin.write(json.dumps(asdict(job)))
        program.stdin.close()
        answer = None
        for line in program.stdout:
            message = json.loads(line)
            if "measuring" in message:
                when_measuring()
            else:
                answer = message
        complaint = program.stderr.read()
    if answer is None:
        raise BenchError(f"the load generator failed: {complaint.strip()}")
    return Result(**{name: value for name, value in answer.items() if value is not None})
