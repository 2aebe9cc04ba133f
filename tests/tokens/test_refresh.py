"""Refresh tokens: used once, answered again for a moment, and the end of their family after it."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from sigid.kernel import clock
from sigid.kernel.database import look, use
from sigid.kernel.errors import InvalidGrant
from sigid.tokens import grants, refresh, replays, sessions
from tests.tokens.scene import Scene, User, events, make_scene

WINDOW = timedelta(seconds=10)
IDLE = timedelta(days=30)


async def first(scene: Scene, user: User, **changes: Any) -> tuple[str, str]:
    """A grant with its first refresh token."""
    async with use(scene.caller) as tx:
        grant = user.grant(tx, scene, **changes)
        return refresh.begin(tx, grant, IDLE).reveal(), grant.id


async def refreshed(scene: Scene, text: str, application_id: str | None = None) -> str:
    """The answer to a refresh: the successor, or the private reason of the refusal."""
    try:
        async with use(scene.caller) as tx:
            answer = await refresh.rotate(
                tx,
                await refresh.find(tx, text),
                application_id=application_id or scene.web.id,
                window=WINDOW,
                idle=IDLE,
            )
    except InvalidGrant as refused:
        return refused.reason
    return answer.reason if isinstance(answer, InvalidGrant) else answer.successor.reveal()


async def test_a_token_is_answered_by_its_successor(scene: Scene, user: User) -> None:
    token, grant_id = await first(scene, user)
    second = await refreshed(scene, token)
    third = await refreshed(scene, second)
    assert len({token, second, third}) == 3
    async with look(scene.caller) as tx:
        found = await refresh.find(tx, third)
        assert found is not None
        assert (found.number, found.grant.id, found.dead_because(tx.now)) == (3, grant_id, None)


async def test_ref_02_fifty_at_once_get_the_same_successor(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user)
    answers = Counter(await asyncio.gather(*[refreshed(scene, token) for _ in range(50)]))
    assert list(answers.values()) == [50]
    (successor,) = answers
    assert (await refreshed(scene, successor)).startswith("sigid_rt_")
    assert "auth.refresh_token.reuse_detected" not in await events(scene)


async def test_within_the_window_the_same_successor_is_answered_again(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user)
    second = await refreshed(scene, token)
    clock.advance(9)
    assert await refreshed(scene, token) == second


async def test_ref_14_fifty_within_the_window_after_the_successor_was_used(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user)
    second = await refreshed(scene, token)
    third = await refreshed(scene, second)
    answers = Counter(await asyncio.gather(*[refreshed(scene, token) for _ in range(50)]))
    assert answers == {"refresh_token_successor_used": 50}
    assert (await refreshed(scene, third)).startswith("sigid_rt_")
    assert sorted(await events(scene)) == ["application.created", "application.created", "tenant.created"]


async def test_ref_01_after_the_window_the_family_ends(scene: Scene, user: User) -> None:
    token, grant_id = await first(scene, user)
    second = await refreshed(scene, token)
    clock.advance(11)
    assert await refreshed(scene, token) == "refresh_token_reused"
    assert await refreshed(scene, second) == "grant_ended"
    assert await refreshed(scene, token) == "grant_ended"
    assert (await events(scene)).count("auth.refresh_token.reuse_detected") == 1
    async with look(scene.caller) as tx:
        standing = await grants.find(tx, grant_id)
    assert standing is not None
    assert standing.dead_because == "grant_ended"


async def test_ref_01_fifty_thieves_at_once_are_told_of_once(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user)
    await refreshed(scene, token)
    clock.advance(11)
    answers = Counter(await asyncio.gather(*[refreshed(scene, token) for _ in range(50)]))
    assert set(answers) <= {"refresh_token_reused", "grant_ended"}
    assert (await events(scene)).count("grant.ended") == 1


async def test_ref_03_another_clients_token_is_refused_and_lives_on(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user)
    assert await refreshed(scene, token, scene.robot.id) == "refresh_token_not_for_this_client"
    other = await make_scene("other")
    assert await refreshed(other, token) == "refresh_token_unknown"
    assert (await refreshed(scene, token)).startswith("sigid_rt_")


async def test_ref_10_nothing_outlives_the_family(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user, life=timedelta(days=90))
    for _ in range(4):
        clock.advance(20 * 86400)
        token = await refreshed(scene, token)
    clock.advance(10 * 86400)
    assert await refreshed(scene, token) == "grant_expired"


async def test_an_idle_token_expires(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user, life=timedelta(days=90))
    clock.advance(30 * 86400)
    assert await refreshed(scene, token) == "refresh_token_expired"


@pytest.mark.parametrize("text", ["", "x", "sigid_ac_" + "0" * 76, "sigid_rt_" + "0" * 76, "é" * 85, "a.b.c"])
async def test_ref_11_other_texts_are_no_refresh_token(scene: Scene, text: str) -> None:
    assert await refreshed(scene, text) == "refresh_token_unknown"


@pytest.mark.parametrize("status", ["suspended", "removed", "invited"])
async def test_ref_07_a_user_who_is_not_active_refreshes_nothing(scene: Scene, user: User, status: str) -> None:
    token, _ = await first(scene, user)
    await user.become(status, scene)
    assert await refreshed(scene, token) == "tenant_user_not_active"


async def test_ref_07_signing_out_everywhere_ends_it(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user)
    async with use(scene.caller) as tx:
        await sessions.end(tx, user.sid, because="signed_out_everywhere")
        assert await grants.end_of_session(tx, user.sid, because="signed_out_everywhere") == 1
    assert await refreshed(scene, token) == "grant_ended"


async def test_an_offline_grant_outlives_its_session_without_its_sid(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user)
    async with use(scene.caller) as tx:
        await sessions.end(tx, user.sid, because="signed_out")
    async with use(scene.caller) as tx:
        answer = await refresh.rotate(
            tx, await refresh.find(tx, token), application_id=scene.web.id, window=WINDOW, idle=IDLE
        )
    assert isinstance(answer, refresh.Rotated)
    assert answer.sid is None


async def test_a_grant_that_is_not_offline_ends_with_its_session(scene: Scene, user: User) -> None:
    token, _ = await first(scene, user, offline=False)
    async with use(scene.caller) as tx:
        await sessions.end(tx, user.sid, because="signed_out")
    assert await refreshed(scene, token) == "session_ended"


async def test_the_family_ends_while_fifty_refresh(scene: Scene, user: User) -> None:
    token, grant_id = await first(scene, user)

    async def end() -> str:
        async with use(scene.caller) as tx:
            await grants.end(tx, grant_id, because="consent_revoked")
        return "ended"

    answers = await asyncio.gather(*[refreshed(scene, token) for _ in range(25)], end(),
                                   *[refreshed(scene, token) for _ in range(25)])  # fmt: skip
    assert len({answer for answer in answers if answer.startswith("sigid_rt_")}) <= 1
    for answer in answers:
        if answer.startswith("sigid_rt_"):
            assert await refreshed(scene, answer) == "grant_ended"


async def test_the_database_alone_does_not_tell_the_successor(scene: Scene, user: User) -> None:
    from sqlalchemy import select

    from sigid.kernel.database import param, statement
    from sigid.kernel.database.statements import registry
    from sigid.tokens.tables import refresh_token

    c = refresh_token.c
    every = registry.get("tests.refresh_tokens") or statement(
        "tests.refresh_tokens",
        select(c.digest, c.successor_sealed, c.successor_digest).where(c.tenant_id == param("tenant_id", c.tenant_id)),
    )
    token, _ = await first(scene, user)
    second = await refreshed(scene, token)
    async with look(scene.caller) as tx:
        rows = await tx.all(every)
    held = b"".join(bytes(value) for row in rows for value in row if value is not None)
    for text in (token, second):
        assert text.encode() not in held
        assert text[40:60].encode() not in held


async def test_cli_13_a_jti_counts_once_for_fifty_at_once(scene: Scene) -> None:
    expires_at = clock.now() + timedelta(minutes=5)
    won = await asyncio.gather(*[replays.first_use(scene.caller, "client", "jti", expires_at) for _ in range(50)])
    assert won.count(True) == 1
    assert await replays.first_use(scene.caller, "another client", "jti", expires_at)
