"""Throttles: failures counted in fixed windows in the database, so that they survive a restart and hold everywhere."""

from sqlalchemy import BigInteger, Column

from sigid.kernel.database import Time, directory_table

throttle = directory_table(
    "throttle",
    Column("window_start", Time, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("open_at", Time, nullable=False),
    Column("lapses_at", Time, nullable=False),
)
