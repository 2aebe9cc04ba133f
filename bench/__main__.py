"""`python -m bench`: measure SigID beside node-oidc-provider, print the table, write the results."""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

from bench import generator
from bench.measure import Bench, Plan
from bench.postgresql import Cluster
from bench.problems import BenchError
from bench.report import Report, Server
from bench.rows import QUICK, ROWS, Row
from bench.scene import Scene, make_scene
from bench.servers import Peer, SigID, install_peer
from bench.target import Target

RESULTS = Path(__file__).parent / "results" / "results.json"
IN_MEMORY = {"tmpfs", "ramfs"}


def main() -> int:
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are stopped
    try:
        report = run(options)
    except BenchError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    print(report.text())
    report.write(options.out)
    print(f"\nWritten to {options.out}")
    return 1 if report.errors else 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="SigID beside node-oidc-provider.")
    parser.add_argument("--quick", action="store_true", help="a few rows, a second each: for errors, not for numbers")
    parser.add_argument("--rows", help="names with commas: " + ", ".join(row.key for row in ROWS))
    parser.add_argument("--seconds", type=float, help="measured seconds of a round (5)")
    parser.add_argument("--rounds", type=int, help="rounds, of which the median counts (3)")
    parser.add_argument("--connections", type=int, help="connections, each with a person of its own (32)")
    parser.add_argument("--only", choices=("sqlite", "postgresql", "peer"), help="measure only one, without ratios")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go, as JSON")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where databases are put, on a real disk")
    options = parser.parse_args()
    quick = options.quick
    options.rows = chosen_rows(parser, options.rows, quick=quick)
    options.connections = options.connections or (8 if quick else 32)
    options.plan = Plan(
        warm=0.2 if quick else 1.0,
        seconds=options.seconds or (1.0 if quick else 5.0),
        rounds=options.rounds or (1 if quick else 3),
    )
    return options


def chosen_rows(parser: argparse.ArgumentParser, names: str | None, *, quick: bool) -> list[Row]:
    wanted = names.split(",") if names else list(QUICK) if quick else [row.key for row in ROWS]
    unknown = set(wanted) - {row.key for row in ROWS}
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    return [row for row in ROWS if row.key in wanted]


def run(options: argparse.Namespace) -> Report:
    versions = {"load generator": generator.build()}
    with ExitStack() as stack:
        folder = real_folder(options.folder, stack)
        cluster = None
        if options.only != "sqlite":
            cluster = Cluster(folder)
            stack.callback(cluster.stop)
            versions["postgresql"] = cluster.version()
        if options.only in {None, "peer"}:
            versions["oidc-provider"] = install_peer()
        targets = start(options.only, folder, cluster, make_scene(options.connections), stack)
        postmaster = cluster.pid if cluster else None
        bench = Bench(options.plan, targets, postmaster, tell=lambda text: print(text, file=sys.stderr))
        measured = list(bench.rows(options.rows))
        servers = [
            Server(target.key, target.title, target.process.first_answer_seconds, bench.memory[target.key])
            for target in targets
        ]
    return Report(options.plan, options.connections, versions, servers, measured)


def real_folder(parent: Path, stack: ExitStack) -> Path:
    """A folder that is gone afterwards; one in memory would make durability free."""
    folder = Path(tempfile.mkdtemp(prefix="sigid-bench-", dir=parent))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o711)  # PostgreSQL's user passes through
    mounts = {Path(mount.mountpoint): mount.fstype for mount in psutil.disk_partitions(all=True)}
    kind = next((mounts[above] for above in [folder, *folder.resolve().parents] if above in mounts), "")
    if kind in IN_MEMORY:
        raise BenchError(f"{parent} is a {kind}: name a folder on a real disk with --folder")
    return folder


def start(only: str | None, folder: Path, cluster: Cluster | None, scene: Scene, stack: ExitStack) -> Sequence[Target]:
    """The servers that take part, in the order of their turns."""
    targets = []

    def take_part(key: str, title: str, server: SigID | Peer) -> None:
        target = Target(key, title, server, scene)
        stack.callback(target.close)
        targets.append(target)

    if only in {None, "sqlite"}:
        take_part("sqlite", "SigID, SQLite", SigID(folder / "sqlite", None))
    if only in {None, "peer"}:
        take_part("peer", "node-oidc-provider, memory", Peer(folder / "peer", None))
    if only in {None, "postgresql"} and cluster:
        take_part("postgresql", "SigID, PostgreSQL", SigID(folder / "sigid-postgresql", cluster.url("sigid")))
    if only in {None, "peer"} and cluster:
        server = Peer(folder / "peer-postgresql", cluster.url("peer"))
        take_part("peer-postgresql", "node-oidc-provider, PostgreSQL", server)
    return targets


if __name__ == "__main__":
    sys.exit(main())
