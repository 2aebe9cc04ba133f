"""The examples of the README: each started by its one command, and used by a person in a browser."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.harness import Application, Person, Tenant, acme
from tests.harness.server import free_port
from tests.interop.clients import SCOPE, web
from tests.interop.examples import NAMES, running
from tests.interop.issuer import issuing


@pytest.fixture(
    params=[
        pytest.param(NAMES[0], marks=pytest.mark.promise("3.6.quickstart-python")),
        pytest.param(NAMES[1], marks=pytest.mark.promise("3.6.quickstart-node")),
    ]
)
def name(request):
    return request.param


@pytest.fixture
def tab(chromium):
    context = chromium.new_context(locale="en")
    yield context.new_page()
    context.close()


def sign_in(tab: Page, tenant: Tenant) -> None:
    tab.fill("[name=email]", tenant.email)
    tab.fill("[name=password]", tenant.password)
    tab.click("[data-testid=signin-form] button >> nth=0")


def decide(tab: Page, decision: str) -> None:
    tab.click(f"[data-testid=consent-form] [name=decision][value={decision}]")


def test_first_run(name, real_time_server, tab, tmp_path):
    """It registers with the initial access token, signs a person in, deletes a project and signs out."""
    tenant, kept, port = real_time_server.bootstrap(acme()), tmp_path / "env", free_port()
    start = {"ENV_FILE": str(kept)}
    with running(name, real_time_server.issuer, port, **start, TOKEN=tenant.initial_access_token) as example:
        assert stat.S_IMODE(Path(kept).stat().st_mode) == 0o600
        tab.goto(example.origin)
        tab.click("text=Sign in")
        sign_in(tab, tenant)
        decide(tab, "allow")
        expect(tab.get_by_text(f"Signed in as Ada Lovelace ({tenant.email}).")).to_be_visible()
        tab.click("text=Delete Lighthouse")
        expect(tab.get_by_role("button", name="Delete Paper boat")).to_be_visible()
        expect(tab.get_by_role("button", name="Delete Lighthouse")).to_have_count(0)
        tab.click("text=Sign out")
        expect(tab.get_by_text("You are signed out.")).to_be_visible()
        assert tab.url.startswith(f"{example.origin}/signed-out")
        tab.click("text=Sign in")
        expect(tab.get_by_test_id("signin-form")).to_be_visible()

    # The second start needs no token, and is the same client.
    registered = kept.read_text()
    with running(name, real_time_server.issuer, port, **start) as example:
        assert kept.read_text() == registered
        assert "Registered" not in example.said()
        tab.goto(f"{example.origin}/login")
        sign_in(tab, tenant)
        expect(tab.get_by_text("Signed in as Ada Lovelace")).to_be_visible()


@pytest.fixture
def example(name, real_time_server):
    """An example with a client that was made for it, and its tenant."""
    port = free_port()
    origin = f"http://localhost:{port}"
    application = web(redirect_uris=[f"{origin}/callback"], post_logout_redirect_uris=[f"{origin}/signed-out"])
    tenant = real_time_server.bootstrap(acme(applications=[application]))
    client = tenant.application("web")
    settings = {"SIGID_CLIENT_ID": client.client_id, "SIGID_CLIENT_SECRET": client.client_secret}
    with running(name, real_time_server.issuer, port, **settings) as example:
        yield example, tenant


@pytest.fixture
def person_at(real_time_server):
    """Signs a person in to an application; answers the tokens."""

    def sign_in_to(client: Application, tenant: Tenant) -> dict[str, Any]:
        with Person(real_time_server) as person:
            asked, arrival = person.sign_in_to(client, tenant.email, tenant.password, scope=SCOPE)
            tokens: dict[str, Any] = client.redeem(asked, arrival).json()
            return tokens

    return sign_in_to


def test_the_person_says_no(example, tab):
    running_example, tenant = example
    tab.goto(f"{running_example.origin}/login")
    sign_in(tab, tenant)
    decide(tab, "deny")
    expect(tab.get_by_role("alert")).to_contain_text("access_denied")


def test_an_answer_that_this_browser_did_not_ask_for(example, tab):
    running_example, tenant = example
    tab.goto(f"{running_example.origin}/callback?code=sigid_ac_x&state=other&iss={tenant.issuer}")
    expect(tab.get_by_role("alert")).to_be_visible()
    expect(tab.get_by_role("heading", name="That did not work")).to_be_visible()


def test_the_api_takes_real_tokens(example, person_at):
    """Tokens of SigID for this API, for another application of the tenant: what they may do is what they say."""
    running_example, tenant = example
    client = tenant.application("web")
    tokens = person_at(client, tenant)
    listed = running_example.projects(tokens["access_token"]).json()["data"]
    bearer = f"Bearer {tokens['access_token']}"
    assert [project["name"] for project in listed] == ["Lighthouse", "Paper boat"]

    narrow = client.refresh(tokens["refresh_token"], scope="openid projects:read").json()["access_token"]
    refused = running_example.delete(listed[0]["id"], f"Bearer {narrow}")
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert 'scope="projects:delete"' in refused.headers["WWW-Authenticate"]
    # The ID token is no access token, a refresh token is no token for an API.
    for wrong in ("id_token", "refresh_token"):
        assert running_example.delete(listed[0]["id"], f"Bearer {tokens[wrong]}").status_code == 401

    assert running_example.delete(listed[0]["id"], bearer).status_code == 204
    assert running_example.delete(listed[0]["id"], bearer).status_code == 404


def test_another_tenants_project_does_not_exist(example, person_at, real_time_server):
    running_example, tenant = example
    token = person_at(tenant.application("web"), tenant)["access_token"]
    theirs = running_example.projects(token).json()["data"][0]["id"]
    other = real_time_server.bootstrap(acme(applications=[web()]))
    mine = person_at(other.application("web"), other)["access_token"]
    assert running_example.delete(theirs, f"Bearer {mine}").status_code == 404
    assert running_example.delete("prj_999", f"Bearer {mine}").status_code == 404


@pytest.fixture
def odd(name):
    """An example whose issuer says whatever the test wants."""
    with (
        issuing() as issuer,
        running(name, issuer.url, SIGID_CLIENT_ID="quickstart", SIGID_CLIENT_SECRET="secret") as example,
    ):
        yield example, issuer


def test_an_old_sign_in_is_renewed(odd, tab):
    """RFC 9470: the API asks for a fresh sign-in, and the application sends the person to it."""
    example, issuer = odd
    issuer.signed_in_ago = 3600
    tab.goto(f"{example.origin}/login")
    tab.click("text=Delete Lighthouse")
    expect(tab.get_by_role("button", name="Delete Lighthouse")).to_be_visible()
    first, second = issuer.asked_to("/authorize")
    assert "max_age" not in first
    assert second["max_age"] == "600"
    tab.click("text=Delete Lighthouse")
    expect(tab.get_by_role("button", name="Delete Paper boat")).to_be_visible()
    expect(tab.get_by_role("button", name="Delete Lighthouse")).to_have_count(0)


@pytest.mark.promise("3.6.readme")
def test_readmes_name_the_command():
    """The one that the first run above is started by."""
    root = Path(__file__).parents[2]
    for example in NAMES:
        for readme in (root / "README.md", root / "examples" / example / "README.md"):
            assert re.search(rf"^make -C examples/{example} TOKEN=", readme.read_text(), re.MULTILINE)
