"""What ends a benchmark before its numbers, said in one line."""


class BenchError(Exception):
    """Something that the benchmark needs is missing, or did not start, or answered with something else."""
