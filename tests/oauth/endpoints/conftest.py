"""The fixtures of these tests; `stage` says what they are."""

from tests.oauth.endpoints.stage import stage
from tests.tokens.scene import scene, storage, user

__all__ = ["scene", "stage", "storage", "user"]
