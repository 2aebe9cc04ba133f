"""What comes out: a table for people, a file for comparisons, and whether each aim is met."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from bench.measure import Measured, Memory, Plan
from bench.rows import ROWS, Row

RESIDENT_AIM_MIB = 150
FIRST_ANSWER_AIM_SECONDS = 2.0
HEADINGS = ("row", "server", "requests/s", "p50 ms", "p99 ms", "errors", "CPU ms", "DB CPU ms", "ratio", "aim", "")


@dataclass(frozen=True)
class Server:
    """What is measured once per server, not per row."""

    key: str
    title: str
    first_answer_seconds: float
    memory: Memory


@dataclass(frozen=True)
class Report:
    plan: Plan
    connections: int
    versions: Mapping[str, str]
    servers: Sequence[Server]
    measured: Sequence[Measured]

    @property
    def errors(self) -> list[str]:
        return [
            f"{found.row} at {found.target}: {found.errors} errors, the first: {found.first_error}"
            for found in self.measured
            if found.errors
        ]

    def ratio(self, found: Measured, row: Row) -> float | None:
        """How many times the yardstick's rate, where both were measured."""
        for other in self.measured:
            if other.row == row.key and other.target == row.yardstick and other.requests_per_second:
                return found.requests_per_second / other.requests_per_second
        return None

    def text(self) -> str:
        return "\n".join([_aligned([HEADINGS, *self._lines()]), "", *self._about_servers(), *self._about_errors()])

    def _lines(self) -> list[tuple[str, ...]]:
        rows = {row.key: row for row in ROWS}
        titles = {server.key: server.title for server in self.servers} | {"argon2": "argon2id alone"}
        lines: list[tuple[str, ...]] = []
        for found in self.measured:
            row = rows[found.row]
            ratio, aim = self.ratio(found, row), row.aims.get(found.target)
            lines.append(
                (
                    row.title,
                    titles[found.target],
                    f"{found.requests_per_second:.0f}",
                    f"{found.median('p50_ms'):.1f}",
                    f"{found.median('p99_ms'):.1f}",
                    str(found.errors),
                    f"{found.median('cpu_ms'):.2f}",
                    f"{found.median('database_cpu_ms'):.2f}",
                    "" if ratio is None else f"{ratio:.2f}",
                    "" if aim is None else f"{aim:.2f}",
                    self._verdict(found, row, ratio, aim),
                )
            )
        return lines

    def _verdict(self, found: Measured, row: Row, ratio: float | None, aim: float | None) -> str:
        if aim is None:
            return ""
        missed = []
        if ratio is not None and ratio < aim:
            missed.append("rate")
        if row.p99_aim_ms is not None and found.median("p99_ms") >= row.p99_aim_ms:
            missed.append(f"p99 < {row.p99_aim_ms:.0f} ms")
        if missed:
            return "missed: " + ", ".join(missed)
        return "met" if ratio is not None else ""

    def _about_servers(self) -> list[str]:
        return [
            f"{server.title}: first answer after {server.first_answer_seconds:.2f} s, "
            f"largest of {server.memory.processes} processes {server.memory.largest_process:.0f} MiB, "
            f"together {server.memory.together:.0f} MiB{_server_verdict(server)}"
            for server in self.servers
        ]

    def _about_errors(self) -> list[str]:
        return ["", *self.errors] if self.errors else []

    def write(self, file: Path) -> None:
        rows = {row.key: row for row in ROWS}
        document = {
            "machine": machine(),
            "versions": self.versions,
            "plan": {**asdict(self.plan), "connections": self.connections},
            "servers": [asdict(server) for server in self.servers],
            "rows": [
                {
                    "row": found.row,
                    "server": found.target,
                    "requests_per_second": found.requests_per_second,
                    "p50_ms": found.median("p50_ms"),
                    "p99_ms": found.median("p99_ms"),
                    "errors": found.errors,
                    "cpu_ms": found.median("cpu_ms"),
                    "database_cpu_ms": found.median("database_cpu_ms"),
                    "generator_cpu_ms": found.median("generator_cpu_ms"),
                    "yardstick": rows[found.row].yardstick,
                    "ratio": self.ratio(found, rows[found.row]),
                    "aim": rows[found.row].aims.get(found.target),
                    "rounds": [asdict(sample) for sample in found.samples],
                }
                for found in self.measured
            ],
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=2) + "\n")


def _server_verdict(server: Server) -> str:
    if server.key.startswith("peer"):
        return ""
    missed = []
    if server.first_answer_seconds >= FIRST_ANSWER_AIM_SECONDS:
        missed.append(f"first answer < {FIRST_ANSWER_AIM_SECONDS:.0f} s")
    if server.memory.largest_process >= RESIDENT_AIM_MIB:
        missed.append(f"< {RESIDENT_AIM_MIB} MiB")
    return f" (missed: {', '.join(missed)})" if missed else " (aims met)"


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """The first two columns and the last to the left, numbers to the right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    texts = []
    for line in lines:
        cells = [
            cell.ljust(width) if column < 2 or column == len(widths) - 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        texts.append("  ".join(cells).rstrip())
    return "\n".join(texts)


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }
