"""Passwords, sign-up and recovery through the hosted pages: what looks alike, and what a link or a GET may do.

What needs many tries at once, or the database, is tried in `tests/accounts`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from tests.attacks.scene import Scene
from tests.attacks.test_answers import FOREIGN_HOST
from tests.harness import Page, Person
from tests.harness.person import shown

pytestmark = pytest.mark.promise("3.proof.attacks")

GOOD = "totally-unrelated-gravel-99"
WRONG = "not-her-password-at-all"


def sign_in(person: Person, at: Page, email: str) -> Page:
    return shown(person.sign_in(at, email, WRONG))


def by_code(person: Person, at: Page, email: str) -> Page:
    return shown(at.form("signin-form").press("method", "email_code", email=email))


def wrong_code(person: Person, at: Page, email: str) -> Page:
    page = shown(by_code(person, at, email).form("verify-form").submit(code="000000"))
    return page if page.status == 401 else shown(page.form("verify-form").submit(code="000001"))


def recover(person: Person, at: Page, email: str) -> Page:
    return shown(shown(at.follow("recover-link")).form("recover-form").submit(email=email))


def sign_up(person: Person, at: Page, email: str) -> Page:
    page = person.page(at.url.replace("/signin", "/signup"))
    return shown(page.form("signup-form").submit(name="Somebody", email=email, password=GOOD))


DOORS: dict[str, Callable[[Person, Page, str], Page]] = {
    "PWD-01 a password": sign_in,
    "PWD-01 a code": by_code,
    "PWD-01 a wrong code": wrong_code,
    "PWD-01 recovery": recover,
    "PWD-01 sign-up": sign_up,
}
_VARIES = re.compile(r'(interaction=|name="interaction" value="|name="csrf" value=")[^"&]+|\b[0-9a-z_]*req_[0-9a-z]+')


def told(page: Page, email: str) -> tuple[object, ...]:
    """All that an onlooker gets, without what is new each time and the address that they typed."""
    trail = [*page.response.history, page.response]
    headers = [
        {name: _VARIES.sub("", value) for name, value in one.headers.items() if name not in ("x-request-id", "date")}
        for one in trail
    ]
    cookies = [sorted(cookie.split("=")[0] for cookie in one.headers.get_list("set-cookie")) for one in trail]
    for one in headers:
        one.pop("set-cookie", None)
        one.pop("content-length", None)
    return [one.status_code for one in trail], headers, cookies, _VARIES.sub("", page.text.replace(email, "ADDRESS"))


@pytest.mark.promise("3.3.throttling")
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_known_and_unknown_look_alike(fresh: Scene, door: Callable[[Person, Page, str], Page]) -> None:
    unknown = fresh.tenant.email.replace("ada-", "eve-")
    seen = []
    for email in (fresh.tenant.email, unknown):
        with Person(fresh.server) as somebody:
            _, at = somebody.authorize(fresh.web)
            seen.append(told(door(somebody, shown(at), email), email))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("header", FOREIGN_HOST)
def test_pwd_07_links_carry_the_configured_issuer(fresh: Scene, header: str) -> None:
    fresh.person.browser.headers[header] = FOREIGN_HOST[header]
    _, at = fresh.person.authorize(fresh.web)
    for door in (recover, by_code, sign_up):
        before = len(fresh.server.inbox(fresh.tenant.email))
        door(fresh.person, shown(at), fresh.tenant.email)
        mail = fresh.server.mail(fresh.tenant.email, after=before)
        assert "evil.example" not in str(mail)
        assert all(link.startswith(fresh.server.issuer + "/") for link in mail["links"])


def asked(scene: Scene) -> str:
    """The link that a mail brings to Ada."""
    before = len(scene.server.inbox(scene.tenant.email))
    _, at = scene.person.authorize(scene.web)
    recover(scene.person, shown(at), scene.tenant.email)
    link: str = scene.server.mail(scene.tenant.email, after=before)["links"][0]
    return link


def test_pwd_09_the_token_leaves_the_address_at_once(fresh: Scene) -> None:
    link = asked(fresh)
    token = link.partition("token=")[2]
    first = fresh.get(link)
    assert first.status_code in (302, 303)
    assert token not in first.headers["Location"]
    [cookie] = first.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    page = fresh.person.page(link)
    assert page.has("reset-form")
    assert token not in page.url + page.text
    assert page.response.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert token not in fresh.server.log_text()


def test_ses_04_opening_a_link_changes_nothing(fresh: Scene) -> None:
    """A mail scanner opens what it finds: the link still works, and the old password too."""
    link = asked(fresh)
    for _ in range(3):
        assert fresh.get(link).status_code in (302, 303)
    with Person(fresh.server) as elsewhere:
        elsewhere.sign_in_to(fresh.web, fresh.tenant.email, fresh.tenant.password)
    page = fresh.person.page(link)
    assert shown(page.form("reset-form").submit(password=GOOD)).status == 200


FORMS = ["/signin", "/signup", "/verify", "/recover", "/reset", "/join", "/consent", "/accounts"]


@pytest.mark.parametrize("path", FORMS)
def test_ses_04_a_form_sent_as_a_get_does_nothing(fresh: Scene, path: str) -> None:
    _, at = fresh.person.authorize(fresh.web)
    page = shown(at)
    fields = page.form("signin-form").fields | {
        "email": fresh.tenant.email, "password": fresh.tenant.password, "name": "Ada", "decision": "allow",
    }  # fmt: skip
    answer = fresh.person.browser.get(httpx.URL(page.url).join(path), params=fields, follow_redirects=False)
    assert answer.status_code < 500
    assert not any("session" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert fresh.server.inbox(fresh.tenant.email) == []
    again = shown(fresh.person.authorize(fresh.web)[1])
    assert again.has("signin-form"), "nobody is signed in"


EXTRA = {
    "PWD-16 roles": {"roles": "owner", "role": "owner", "role_ids": "role_1"},
    "PWD-16 status": {"status": "active", "email_verified": "true", "verified": "1"},
    "PWD-16 tenant": {"tenant_id": "ten_00000000000000000000000000", "tenant": "sigid", "account_id": "acct_1"},
    "PWD-16 prototype": {"__proto__": '{"admin":true}', "constructor": "x", "sub": "sub_1"},
}


@pytest.mark.parametrize("extra", EXTRA.values(), ids=EXTRA)
def test_more_fields_make_no_more_of_a_sign_up(fresh: Scene, extra: dict[str, str]) -> None:
    email = fresh.tenant.email.replace("ada-", "bob-")
    authorization, at = fresh.person.authorize(fresh.web, prompt="create", scope="openid email profile")
    page = shown(at)
    form = page.form("signup-form")
    fields = form.fields | {"name": "Bob", "email": email, "password": GOOD} | extra
    url = httpx.URL(page.url).join(form.element.attributes["action"])
    answer = fresh.person.browser.post(url, data=fields, headers={"Origin": fresh.server.issuer})
    if answer.status_code == 422:
        return
    asked_code = fresh.person.page(answer.headers["Location"])
    arrival = fresh.person.arrive(fresh.person.verify(asked_code, email))
    tokens = fresh.web.redeem(authorization, arrival).json()
    told_ = fresh.web.userinfo(tokens["access_token"]).json()
    assert told_["email"] == email
    assert told_["sub"] != "sub_1"
    claims = fresh.web.introspect(tokens["access_token"]).json()
    assert claims["tenant_id"] == fresh.tenant.id
    assert not claims.get("roles")


SWITCH_OFF = """
import asyncio, sys
from sigid import tenants
from sigid.kernel import startup
from sigid.kernel.callers import SYSTEM, Origin, in_tenant
from sigid.kernel.database import change
from sigid.kernel.settings import load_settings

async def main():
    async with startup.running(load_settings()):
        async with change(in_tenant(sys.argv[1], SYSTEM, Origin.process())) as tx:
            tenant = await tenants.by_id(tx, sys.argv[1])
            methods = {"password": True, "email_code": True, sys.argv[2]: False}
            await tenants.update(tx, tenant, settings={"methods": methods})

asyncio.run(main())
"""


def switch_off(scene: Scene, method: str) -> None:
    """Before anybody visits the tenant, in a process of its own: nothing outside sets this yet."""
    command = [sys.executable, "-c", SWITCH_OFF, scene.tenant.id, method]
    subprocess.run(command, env=os.environ | scene.server.env, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("off", "path", "fields"),
    [
        ("password", "/signin", {"password": "correct-horse-battery-staple"}),
        ("password", "/signup", {"password": GOOD, "name": "Ada"}),
        ("password", "/recover", {}),
        ("email_code", "/signin", {"method": "email_code"}),
    ],
    ids=["password", "sign-up by password", "recovery of the password", "code"],
)
def test_pwd_17_a_method_that_is_switched_off(fresh: Scene, off: str, path: str, fields: dict[str, str]) -> None:
    switch_off(fresh, off)
    _, at = fresh.person.authorize(fresh.web)
    page = shown(at)
    data = page.form("signin-form").fields | {"email": fresh.tenant.email} | fields
    answer = fresh.person.browser.post(
        httpx.URL(page.url).join(path), data=data, headers={"Origin": fresh.server.issuer}
    )
    fresh.page_refused(answer, "not_found", "method_switched_off", 404)
    assert fresh.server.inbox(fresh.tenant.email) == []
