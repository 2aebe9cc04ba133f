"""AUD-07: the root key is rotated; cut short, it goes on; nothing is lost, and no value stays under the old key."""

import os
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import LargeBinary

from sigid import schema
from sigid.kernel import callers, clock, crypto, resealing
from sigid.kernel.callers import SYSTEM
from sigid.kernel.crypto import Unsealable, Vault
from sigid.kernel.database import look
from sigid.tokens import keys, schedule
from tests.harness.postgresql import Postgresql
from tests.harness.storage import opened


@pytest.fixture
async def storage(database: str, cluster: Postgresql | None) -> AsyncIterator[None]:
    async with opened(database, cluster):
        yield


def _vault(*root_keys: bytes) -> None:
    crypto.install(Vault(list(root_keys)))


async def _older() -> int:
    async with look(callers.across(SYSTEM)) as tx:
        return len(await tx.all(resealing._columns["signing_key.private_sealed"].older, header=crypto.vault().header))


@pytest.mark.promise("3.2.root-key")
async def test_rotation_cut_short_goes_on(storage: None, monkeypatch: pytest.MonkeyPatch):
    old, new = os.urandom(32), os.urandom(32)
    _vault(old)
    await schedule.keep_scheduled()
    before = (await keys.load()).jwks(clock.timestamp())
    _vault(new, old)
    assert await _older() == 8

    real, left = resealing._replace, [3]

    async def crash_after_three(*arguments: object) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        await real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(resealing, "_replace", crash_after_three)
    with pytest.raises(KeyboardInterrupt):
        await resealing.reseal_everything()
    monkeypatch.undo()
    assert await _older() == 5
    assert (await keys.load()).jwks(clock.timestamp()) == before  # half-way, both are read

    assert (await resealing.reseal_everything())["signing_key.private_sealed"] == 5
    assert await _older() == 0
    _vault(new)
    keys._parsed.cache_clear()
    assert (await keys.load()).jwks(clock.timestamp()) == before
    keys.sign("test+jwt", {})
    assert set((await resealing.reseal_everything()).values()) == {0}


async def test_without_the_old_key_nothing_is_lost(storage: None):
    old, new = os.urandom(32), os.urandom(32)
    _vault(old)
    await schedule.keep_scheduled()
    _vault(new)
    with pytest.raises(Unsealable, match="SIGID_ROOT_KEY_PREVIOUS"):
        await resealing.reseal_everything()
    _vault(old)
    await keys.load()


def test_every_sealed_column_is_declared():
    """A column that the vault seals is called `sealed`; the one that a token itself opens is not the vault's."""
    sealed = {
        f"{table.name}.{column.name}"
        for table in schema.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and "sealed" in column.name
    }
    assert sealed - {"refresh_token.successor_sealed"} == set(resealing._columns)
