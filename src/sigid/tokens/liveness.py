"""What must be alive for a token to be: application, tenant, user and session, joined in the read itself.

So whatever ends, suspends or removes one of them is felt by the next introspection, refresh or UserInfo request, and
nothing has to go through the tokens one by one.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Table, and_

from sigid import applications, members, tenants
from sigid.kernel.database import Row
from sigid.tokens.tables import tenant_session

_a, _t, _u, _s = applications.standing, tenants.standing, members.standing, tenant_session

COLUMNS: Final = (
    _a.c.client_id,
    _a.c.status.label("application_status"),
    _t.c.status.label("tenant_status"),
    _u.c.status.label("user_status"),
    _s.c.started_at.label("session_started_at"),
    _s.c.ended_at.label("session_ended_at"),
)


def joined(
    source: FromClause, about: Table, *, application_id: ColumnElement[Any], user_id: ColumnElement[Any],
    sid: ColumnElement[Any],
) -> FromClause:  # fmt: skip
    """`source` and the rows of `about`'s tenant that must be alive with it; select `COLUMNS` beside its own."""
    tenant_id = about.c.tenant_id
    return (
        source.join(_a, and_(_a.c.tenant_id == tenant_id, _a.c.id == application_id))
        .join(_t, _t.c.id == tenant_id)
        .outerjoin(_u, and_(_u.c.tenant_id == tenant_id, _u.c.id == user_id))
        .outerjoin(_s, and_(_s.c.tenant_id == tenant_id, _s.c.id == sid))
    )


def refusal(row: Row) -> str | None:
    """Why nothing of this application or for this user is alive; None where both are. The row has `tenant_user_id`."""
    if row.tenant_status != "active":
        return "tenant_not_active"
    if row.application_status != "active":
        return "application_not_active"
    if row.tenant_user_id is not None and row.user_status != "active":
        return "tenant_user_not_active"
    return None


def session_of(row: Row) -> str | None:
    """The row's `sid`, while that session goes on."""
    return row.sid if row.session_started_at is not None and row.session_ended_at is None else None
