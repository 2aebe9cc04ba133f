"""openid-client v6 for Node: a web application that registers itself with a key."""

from typing import Any

import pytest

from tests.harness import Person
from tests.harness.bootstrap import AUDIENCE
from tests.harness.pages import Arrival, Page
from tests.harness.person import arrived, shown
from tests.interop.clients import CALLBACK, SCOPE, SIGNED_OUT, tenant_of
from tests.interop.conversation import converse


@pytest.mark.promise("3.proof.openid-client")
def test_openid_client(real_time_server):
    tenant = tenant_of(real_time_server)
    with Person(real_time_server) as person:

        def browse(asked: dict[str, Any]) -> dict[str, Any]:
            at = person.open(asked["open"])
            match asked["then"]:
                case "sign_in":
                    at = person.consent(person.sign_in(at, tenant.email, tenant.password))
                case "deny":
                    # Refused at consent, the person is not signed out: the next test signs in anew.
                    at = person.consent(person.sign_in(at, tenant.email, tenant.password), "deny")
                    person.browser.cookies.clear()
                case "stay":
                    return {"error_page": shown(at).error}
                case "look":
                    at = person.arrive(at)
            return told(at)

        said = converse(
            "openid_client.mjs",
            {
                "issuer": real_time_server.issuer,
                "initial_access_token": tenant.initial_access_token,
                "redirect_uri": CALLBACK,
                "post_logout_redirect_uri": SIGNED_OUT,
                "scope": SCOPE,
                "resource": AUDIENCE,
                "sub": tenant.user()["sub"],
                "email": tenant.email,
            },
            browse,
        )
    assert said["client_id"]


def told(at: Page | Arrival) -> dict[str, Any]:
    arrival = arrived(at)
    posted = {"posted": arrival.parameters} if arrival.mode == "form_post" else {}
    return {"arrived": arrival.url, **posted}
