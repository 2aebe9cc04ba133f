"""Measuring: every target in turn, round after round, and the median of the rounds.

The targets of a row are interleaved, so that whatever else the machine does meets all of them alike.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench import argon, generator
from bench.processes import processor_seconds, resident_mib
from bench.rows import ARGON2, Row
from bench.target import Target


@dataclass(frozen=True)
class Plan:
    warm: float
    seconds: float
    rounds: int


@dataclass(frozen=True)
class Sample:
    """One round of one target."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    requests: int
    errors: int
    first_error: str
    bytes: int
    cpu_ms: float  # of the server's processes, per request
    database_cpu_ms: float  # of PostgreSQL's, per request
    generator_cpu_ms: float  # of the load generator itself, per request


@dataclass
class Measured:
    """A row at one target: its rounds."""

    row: str
    target: str
    samples: list[Sample] = field(default_factory=list)

    def median(self, member: str) -> float:
        values: list[float] = [getattr(sample, member) for sample in self.samples]
        return statistics.median(values)

    @property
    def requests_per_second(self) -> float:
        return self.median("requests_per_second")

    @property
    def errors(self) -> int:
        return sum(sample.errors for sample in self.samples)

    @property
    def first_error(self) -> str:
        return next((sample.first_error for sample in self.samples if sample.first_error), "")


@dataclass
class Memory:
    """The most that was seen, in MiB."""

    largest_process: float = 0.0
    together: float = 0.0
    processes: int = 0

    def note(self, sizes: Sequence[float]) -> None:
        if sizes:
            self.largest_process = max(self.largest_process, sizes[0])
            self.together = max(self.together, sum(sizes))
            self.processes = max(self.processes, len(sizes))


class Stopwatch:
    """Processor seconds of some processes since `start`."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._from = [0.0 for _ in pids]

    def start(self) -> None:
        self._from = [processor_seconds(pid) for pid in self._pids]

    def read(self) -> list[float]:
        return [processor_seconds(pid) - began for pid, began in zip(self._pids, self._from, strict=True)]


class Bench:
    """The run: what was measured so far, and how much memory was seen."""

    def __init__(
        self, plan: Plan, targets: Sequence[Target], postmaster: int | None, tell: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._targets = targets
        self._postmaster = postmaster
        self._tell = tell
        self.memory = {target.key: Memory() for target in targets}

    def rows(self, rows: Sequence[Row]) -> Iterator[Measured]:
        for row in rows:
            yield from self._row(row)

    def _row(self, row: Row) -> list[Measured]:
        """A yardstick that the peer cannot be (it has no passwords) stands in its place."""
        targets = [target for target in self._targets if not (row.yardstick == ARGON2 and target.is_peer)]
        measured = {target.key: Measured(row.key, target.key) for target in targets}
        if row.yardstick == ARGON2:
            measured[ARGON2] = Measured(row.key, ARGON2)
        for turn in range(self._plan.rounds):
            for target in targets:
                self._tell(f"{row.title}: {target.title}, round {turn + 1} of {self._plan.rounds}")
                measured[target.key].samples.append(self._sample(row, target))
            if row.yardstick == ARGON2:
                measured[ARGON2].samples.append(self._argon2())
        return list(measured.values())

    def _sample(self, row: Row, target: Target) -> Sample:
        job = row.make_job(target, self._plan.seconds).lasting(self._plan.warm, self._plan.seconds)
        stopwatch = Stopwatch([target.process.pid, *([self._postmaster] if self._postmaster else [])])
        result = generator.run(job, when_measuring=stopwatch.start)
        server, *database = stopwatch.read()
        row.afterwards(target, result)
        self.memory[target.key].note(resident_mib(target.process.pid))
        per_request = 1000 / max(result.requests, 1)
        return Sample(
            requests_per_second=result.requests_per_second,
            p50_ms=result.p50_ms,
            p99_ms=result.p99_ms,
            requests=result.requests,
            errors=result.errors + (result.requests == 0),  # a server that answered nothing has failed
            first_error=result.first_error or ("" if result.requests else "nothing was answered"),
            bytes=result.bytes,
            cpu_ms=server * per_request,
            database_cpu_ms=sum(database) * per_request if target.key.endswith("postgresql") else 0.0,
            generator_cpu_ms=result.own_cpu_seconds * per_request,
        )

    def _argon2(self) -> Sample:
        rate = argon.verifications_per_second(self._plan.seconds)
        return Sample(rate, 0.0, 0.0, int(rate * self._plan.seconds), 0, "", 0, 0.0, 0.0, 0.0)
