"""The fixtures of these tests; `house` says what they are."""

from tests.accounts.house import house

__all__ = ["house"]
