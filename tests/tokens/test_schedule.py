"""Signing keys through the years: who signs, what is published, and what a client that caches sees."""

import asyncio
import json
from datetime import timedelta

import pytest

from sigid.kernel import clock
from sigid.kernel.errors import InvalidToken, Refused
from sigid.tokens import keys, schedule

DAY = 86400


def published() -> set[str]:
    return {key["kid"] for key in json.loads(keys.jwks())["keys"]}


def signer(alg: str = "ES256") -> str:
    return keys.ring().signer(alg, clock.timestamp()).id


async def test_each_algorithm_has_a_key_that_signs_and_one_that_follows(storage: None) -> None:
    rows = await schedule.every()
    for alg in schedule.ALGORITHMS:
        current, following = [row for row in rows if row.alg == alg]
        assert signer(alg) == current.id
        assert following.sign_from - following.publish_at >= schedule.PUBLISHED_BEFORE
        assert current.sign_until == following.sign_from
    assert published() == {row.id for row in rows}


async def test_the_key_set_holds_nothing_private_and_no_kid_twice(storage: None) -> None:
    shown = json.loads(keys.jwks())["keys"]
    assert len({key["kid"] for key in shown}) == len(shown)
    for key in shown:
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & key.keys()
        assert key["use"] == "sig"


@pytest.mark.parametrize("alg", schedule.ALGORITHMS)
async def test_what_is_signed_is_verified(storage: None, alg: str) -> None:
    token = keys.sign("JWT", {"sub": "someone"}, alg)
    assert await keys.verified(token, "JWT") == {"sub": "someone"}
    head, body, signature = token.split(".")
    with pytest.raises(InvalidToken, match="token_signature_wrong"):
        await keys.verified(f"{head}.{body}.{'A' * len(signature)}", "JWT")


async def test_key_02_a_client_that_caches_the_key_set_never_fails(storage: None) -> None:
    """Through 91 days, an hour at a time, with a cache that lives as long as `max-age` allows."""
    cached, cached_at = published(), clock.timestamp()
    signers = set()
    for hour in range(91 * 24):
        clock.advance(3600)
        if hour % 6 == 0:
            await schedule.keep_scheduled()
            await keys.load()
        if clock.timestamp() - cached_at >= schedule.PUBLISHED_BEFORE.total_seconds() - 3600:
            cached, cached_at = published(), clock.timestamp()
        assert signer() in cached
        signers.add(signer())
    assert len(signers) == 2
    assert schedule.PUBLISHED_BEFORE.total_seconds() > keys.JWKS_MAX_AGE


async def test_a_jump_of_91_days_signs_with_a_key_that_clients_have(storage: None) -> None:
    known = published()
    clock.advance(91 * DAY)
    assert signer() in known
    await schedule.keep_scheduled()
    await keys.load()
    assert signer() in known
    assert signer() in published()


async def test_a_retired_key_verifies_until_its_last_token_is_dead(storage: None) -> None:
    old, token = signer(), keys.sign("JWT", {"n": 1})
    await schedule.rotate()
    await keys.load()
    assert signer() != old
    clock.advance(3600)
    assert await keys.verified(token, "JWT") == {"n": 1}
    assert old in published()
    clock.advance(int(schedule.VERIFIES_AFTER.total_seconds()))
    assert old not in published()
    with pytest.raises(InvalidToken, match="token_key_unknown"):
        await keys.verified(token, "JWT")


async def test_rotating_promotes_the_published_key_and_publishes_another(storage: None) -> None:
    before = published()
    promoted = await schedule.rotate(algorithms=["ES256"])
    await keys.load()
    assert [signer()] == promoted
    assert signer() in before
    assert len(published() - before) == 1


async def test_key_04_fifty_rotations_at_once_make_one_key(storage: None) -> None:
    before = published()
    promoted = await asyncio.gather(*[schedule.rotate(algorithms=["ES256"]) for _ in range(50)])
    await keys.load()
    assert sum(len(ids) for ids in promoted) == 1
    assert len(published() - before) == 1


async def test_key_04_fifty_starts_at_once_make_one_set(storage: None) -> None:
    clock.advance(91 * DAY)
    made = await asyncio.gather(*[schedule.keep_scheduled() for _ in range(20)])
    assert sum(len(ids) for ids in made) == len(schedule.ALGORITHMS)


async def test_key_03_a_revoked_key_is_gone_and_the_next_signs(storage: None) -> None:
    old, token = signer(), keys.sign("JWT", {})
    await schedule.revoke(old, reason="leaked")
    await keys.load()
    assert old not in published()
    assert signer() != old
    with pytest.raises(InvalidToken, match="token_key_unknown"):
        await keys.verified(token, "JWT")
    with pytest.raises(Refused, match="signing_key_unknown"):
        await schedule.revoke(old)


async def test_a_token_by_a_key_that_another_process_made_is_verified_after_one_reread(
    storage: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = keys.ring()
    await schedule.rotate()
    await schedule.rotate()
    clock.advance(11)
    await schedule.rotate()
    token = (await keys.load()).signer("ES256", clock.timestamp()).sign("JWT", {})
    monkeypatch.setattr(keys, "_ring", stale)
    monkeypatch.setattr(keys, "_read_at", -1e9)
    assert await keys.verified(token, "JWT") == {}


async def test_key_05_a_kid_never_changes_its_key(storage: None) -> None:
    before = {key["kid"]: key for key in json.loads(keys.jwks())["keys"]}
    await schedule.rotate()
    await schedule.keep_scheduled()
    await keys.load()
    after = {key["kid"]: key for key in json.loads(keys.jwks())["keys"]}
    assert all(after[kid] == before[kid] for kid in before)


def test_the_plan_waits_a_day_where_the_server_was_off_for_long() -> None:
    from types import SimpleNamespace

    now = clock.now()
    old = SimpleNamespace(number=1, sign_from=now - timedelta(days=400), revoked_at=None)
    (planned,) = schedule.plan("ES256", [old], now)
    assert (planned.number, planned.sign_from) == (2, now + schedule.PUBLISHED_BEFORE)
