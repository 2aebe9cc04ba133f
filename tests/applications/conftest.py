"""The fixtures of these tests; `tests.tokens.scene` says what they are."""

from tests.tokens.scene import scene, storage

__all__ = ["scene", "storage"]
