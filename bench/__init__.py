"""SigID's benchmarks: what is measured and how stands in README.md beside this file."""
