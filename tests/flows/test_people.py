"""What a person goes through, told in order against a running server, on both databases."""

import pytest

from sigid.pages.i18n import LOCALES
from tests.harness import Person, Server, Tenant, acme
from tests.harness.person import arrived, shown

GOOD = "totally-unrelated-gravel-99"
OTHER = "another-unrelated-pebble-77"


def fresh(tenant: Tenant, name: str = "bob") -> str:
    return f"{name}-{tenant.slug}@example.com"


@pytest.mark.promise("3.3.sign-up", "3.5.authorization-code", "3.4.pages")
def test_a_new_person_signs_up_proves_the_address_and_arrives(server: Server, tenant: Tenant, person: Person):
    web, bob = tenant.application("web"), fresh(tenant)
    authorization, at = person.authorize(web, scope="openid profile email", prompt="create")
    at = person.sign_up(at, bob, GOOD, "Bob Builder")
    assert shown(at).has("consent-form"), "no join page after her own sign-up"
    arrival = person.arrive(at)
    tokens = web.redeem(authorization, arrival).json()
    told = web.userinfo(tokens["access_token"]).json()
    assert told["email"] == bob
    assert told["email_verified"] is True
    assert told["name"] == "Bob Builder"
    assert told["sub"].startswith("sub_")


@pytest.mark.promise("3.3.sign-in-password")
def test_a_wrong_password_keeps_the_address_and_says_what_to_do(server: Server, tenant: Tenant, person: Person):
    _, at = person.authorize(tenant.application("web"))
    page = shown(person.sign_in(at, tenant.email, "not-her-password-at-all"))
    assert page.status == 401
    assert page.alert
    assert page.form("signin-form").fields["email"] == tenant.email
    assert page.form("signin-form").fields["password"] == ""
    assert server.reason(page.response) == "password_wrong"


@pytest.mark.promise("3.3.throttling", "3.2.throttles")
def test_five_wrong_passwords_make_the_next_wait_and_a_code_still_gets_in(
    server: Server, tenant: Tenant, person: Person
):
    _, at = person.authorize(tenant.application("web"))
    for _ in range(5):
        at = person.sign_in(at, tenant.email, "not-her-password-at-all")
    held = shown(person.sign_in(at, tenant.email, tenant.password))
    assert held.status == 429
    assert server.reason(held.response) == "too_many_tries"
    asked = held.form("signin-form").press("method", "email_code", email=tenant.email)
    person.arrive(person.verify(asked, tenant.email))


@pytest.mark.promise("3.3.throttling")
def test_known_and_unknown_addresses_look_alike(server: Server, tenant: Tenant):
    def look(email: str) -> list[tuple[int, str, str | None]]:
        seen = []
        with Person(server) as somebody:
            _, at = somebody.authorize(tenant.application("web"))
            page = shown(somebody.sign_in(at, email, "not-her-password-at-all"))
            seen.append((page.status, page.h1, page.alert))
            page = shown(page.form("signin-form").press("method", "email_code", email=email))
            seen.append((page.status, page.h1, page.text.replace(email, "ADDRESS")))
        return seen

    known, unknown = look(tenant.email), look(fresh(tenant, "nobody"))
    assert [(status, title) for status, title, _ in known] == [(status, title) for status, title, _ in unknown]
    assert known[0] == unknown[0]
    assert server.inbox(fresh(tenant, "nobody")) == []


@pytest.mark.promise("3.3.sign-in-code")
def test_a_code_by_mail_signs_in_and_five_wrong_ones_end_it(server: Server, tenant: Tenant, person: Person):
    web = tenant.application("web")
    _, at = person.authorize(web)
    at = shown(at).form("signin-form").press("method", "email_code", email=tenant.email)
    code = server.mail(tenant.email)["code"]
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        at = shown(at).form("verify-form").submit(code=wrong)
        assert shown(at).status == 401
        assert server.reason(shown(at).response) == "code_wrong"
    dead = shown(shown(at).form("verify-form").submit(code=code))
    assert dead.status == 401

    authorization, at = person.authorize(web)
    before = len(server.inbox(tenant.email))
    at = shown(at).form("signin-form").press("method", "email_code", email=tenant.email)
    arrival = person.arrive(person.verify(at, tenant.email, before))
    assert web.redeem(authorization, arrival).status_code == 200


@pytest.mark.promise("3.3.join")
def test_one_account_in_two_tenants_has_two_subjects_and_decides_to_join(
    server: Server, tenant: Tenant, person: Person
):
    other = server.bootstrap(acme())
    first, second = tenant.application("web"), other.application("web")
    authorization, arrival = person.sign_in_to(first, tenant.email, tenant.password)
    one = first.redeem(authorization, arrival).json()
    authorization, at = person.authorize(second)
    assert shown(at).has("join-form")
    arrival = person.arrive(at)
    two = second.redeem(authorization, arrival).json()
    assert first.userinfo(one["access_token"]).json()["sub"] != second.userinfo(two["access_token"]).json()["sub"]


@pytest.mark.promise("3.3.join")
def test_who_does_not_join_is_not_known(server: Server, tenant: Tenant, person: Person):
    other = server.bootstrap(acme())
    person.sign_in_to(tenant.application("web"), tenant.email, tenant.password)
    _, at = person.authorize(other.application("web"))
    arrival = arrived(shown(at).form("join-form").press("decision", "deny"))
    assert arrival.parameters["error"] == "access_denied"


@pytest.mark.promise("3.3.reset")
def test_a_reset_ends_every_session_and_the_link_works_once(server: Server, tenant: Tenant, person: Person):
    web, bob = tenant.application("web"), fresh(tenant)
    authorization, at = person.authorize(web, prompt="create")
    arrival = person.arrive(person.sign_up(at, bob, GOOD, "Bob"))
    tokens = web.redeem(authorization, arrival).json()
    with Person(server) as elsewhere:
        _, at = elsewhere.authorize(web)
        before = len(server.inbox(bob))
        shown(shown(at).follow("recover-link")).form("recover-form").submit(email=bob)
        link = server.mail(bob, after=before)["links"][0]
        page = elsewhere.page(link)
        assert "token" not in page.url, "the token leaves the address bar"
        done = shown(page.form("reset-form").submit(password=OTHER))
        assert done.status == 200
        again = elsewhere.page(link)
        assert again.status == 400
        assert server.reason(again.response) == "reset_link_used"
    assert web.userinfo(tokens["access_token"]).status_code == 401
    _, at = person.authorize(web)
    assert shown(at).has("signin-form"), "signed out everywhere"
    refused = shown(person.sign_in(at, bob, GOOD))
    assert refused.status == 401
    person.arrive(person.sign_in(refused, bob, OTHER))


@pytest.mark.promise("3.3.reset")
def test_a_reset_link_lapses(server: Server, tenant: Tenant, person: Person):
    _, at = person.authorize(tenant.application("web"))
    shown(shown(at).follow("recover-link")).form("recover-form").submit(email=tenant.email)
    link = server.mail(tenant.email)["links"][0]
    server.advance(20 * 60 + 1)
    page = person.page(link)
    assert page.has("error-page")
    assert server.reason(page.response) == "reset_link_expired"


@pytest.mark.promise("3.3.pre-hijacking")
def test_sign_up_with_an_address_that_has_an_account_changes_nothing_of_it(
    server: Server, tenant: Tenant, person: Person
):
    web = tenant.application("web")
    _, at = person.authorize(web, prompt="create")
    at = person.sign_up(at, tenant.email, GOOD, "Not Ada")
    person.arrive(at)
    with Person(server) as ada:
        _, at = ada.authorize(web)
        refused = shown(ada.sign_in(at, tenant.email, GOOD))
        assert refused.status == 401, "what was typed as a new password is dropped"
        ada.arrive(ada.sign_in(refused, tenant.email, tenant.password))


@pytest.mark.promise("3.3.pre-hijacking")
def test_a_password_set_before_the_address_was_proved_is_dropped(server: Server, person: Person):
    document = acme()
    victim = f"victim-{document['tenant']['slug']}@example.com"
    document["users"].append({"email": victim, "password": "planted-by-somebody-else-1", "name": "V"})
    tenant = server.bootstrap(document)
    web = tenant.application("web")
    _, at = person.authorize(web, prompt="create")
    person.arrive(person.sign_up(at, victim, GOOD, "Victor"))
    with Person(server) as attacker:
        _, at = attacker.authorize(web)
        assert shown(attacker.sign_in(at, victim, "planted-by-somebody-else-1")).status == 401
    with Person(server) as again:
        again.sign_in_to(web, victim, GOOD)


@pytest.mark.promise("3.3.switcher", "3.5.prompt")
def test_two_accounts_side_by_side_and_a_switcher(server: Server, tenant: Tenant, person: Person):
    web, bob = tenant.application("web"), fresh(tenant)
    person.sign_in_to(web, tenant.email, tenant.password)
    _, at = person.authorize(web, prompt="create")
    person.arrive(person.sign_up(at, bob, GOOD, "Bob"))
    authorization, at = person.authorize(web, prompt="select_account", scope="openid email")
    page = shown(at)
    assert tenant.email in page.text
    assert bob in page.text
    chosen = page.form("account-chooser").press("account", "1")
    arrival = person.arrive(chosen)
    told = web.userinfo(web.redeem(authorization, arrival).json()["access_token"]).json()
    assert told["email"] == tenant.email


@pytest.mark.promise("3.5.consent")
def test_consent_is_stored_and_asked_again_only_for_what_is_new(server: Server, tenant: Tenant, person: Person):
    web = tenant.application("web")
    person.sign_in_to(web, tenant.email, tenant.password, scope="openid profile")
    _, at = person.authorize(web, scope="openid profile")
    arrived(at)
    _, at = person.authorize(web, scope="openid profile email")
    assert shown(at).has("consent-form")
    _, at = person.authorize(web, scope="openid profile", prompt="consent")
    denied = arrived(person.consent(at, "deny"))
    assert denied.parameters["error"] == "access_denied"


@pytest.mark.promise("3.4.implicit-consent")
def test_an_application_of_the_tenants_own_shows_no_consent(server: Server, person: Person):
    document = acme()
    document["applications"][0]["consent"] = "implicit"
    tenant = server.bootstrap(document)
    _, at = person.authorize(tenant.application("web"))
    arrived(person.sign_in(at, tenant.email, tenant.password))


@pytest.mark.promise("3.3.sign-out", "3.5.end-session")
def test_signing_out_asks_and_ends_the_sessions_tokens(server: Server, tenant: Tenant, person: Person):
    web = tenant.application("web")
    authorization, arrival = person.sign_in_to(web, tenant.email, tenant.password)
    tokens = web.redeem(authorization, arrival).json()
    page = person.page(f"{server.issuer}/oauth/end-session")
    assert web.userinfo(tokens["access_token"]).status_code == 200, "a GET ends nothing"
    assert shown(page.form("signout-form").submit()).has("signed-out")
    assert web.userinfo(tokens["access_token"]).status_code == 401
    assert web.introspect(tokens["access_token"]).json() == {"active": False}
    _, at = person.authorize(web, prompt="none")
    assert arrived(at).parameters["error"] == "login_required"


@pytest.mark.promise("3.3.sessions")
def test_a_session_ends_by_idleness(server: Server, tenant: Tenant, person: Person):
    web = tenant.application("web")
    person.sign_in_to(web, tenant.email, tenant.password)
    server.advance(24 * 3600 + 1)
    _, at = person.authorize(web)
    assert shown(at).has("signin-form")


@pytest.mark.promise("3.4.languages", "3.5.ui-locales")
def test_pages_speak_the_readers_language(server: Server, tenant: Tenant):
    with Person(server, accept_language="de-CH,de;q=0.9") as somebody:
        _, at = somebody.authorize(tenant.application("web"))
        assert shown(at).lang == "de"
        _, at = somebody.authorize(tenant.application("web"), ui_locales="en")
        assert shown(at).lang == "en"


@pytest.mark.promise("3.4.csrf")
@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"csrf": ""}, "form_token_wrong"),
        ({"csrf": "A" * 86 + "=="}, "form_token_wrong"),
    ],
)
def test_a_form_that_is_not_ours_changes_nothing(
    server: Server, tenant: Tenant, person: Person, change: dict[str, str], because: str
):
    _, at = person.authorize(tenant.application("web"))
    form = shown(at).form("signin-form")
    fields = {**form.fields, **change, "email": tenant.email, "password": tenant.password}
    response = person.browser.post(f"{server.issuer}/signin", data=fields)
    assert response.status_code == 403
    assert server.reason(response) == because


@pytest.mark.promise("3.4.error-pages")
def test_a_wrong_redirect_uri_is_a_page_with_the_request_id(server: Server, tenant: Tenant, person: Person):
    _, at = person.authorize(tenant.application("web"), redirect_uri="https://evil.example/cb")
    page = shown(at)
    assert page.status == 400
    assert page.hook("error-page").attributes["data-error"] == "redirect_uri_unknown"
    assert page.hook("request-id").text.strip() == page.response.headers["X-Request-Id"]
    assert server.reason(page.response) == "redirect_uri_not_registered"


@pytest.mark.promise("3.5.id-token-hint", "3.5.claims")
def test_a_hint_and_a_claim_that_name_different_people_are_no_request(server: Server, tenant: Tenant, person: Person):
    web = tenant.application("web")
    authorization, arrival = person.sign_in_to(web, tenant.email, tenant.password)
    hint = web.redeem(authorization, arrival).json()["id_token"]
    somebody_else = '{"id_token": {"sub": {"value": "sub_of_somebody_else"}}}'
    _, at = person.authorize(web, id_token_hint=hint, claims=somebody_else)
    answer = arrived(at)
    assert answer.parameters["error"] == "invalid_request"
    assert server.logs(reason="subjects_differ"), "the private reason is in the log"


@pytest.mark.promise("3.5.discovery")
def test_discovery_lists_the_languages_that_pages_speak(server: Server, person: Person):
    listed = person.browser.get(f"{server.issuer}/.well-known/openid-configuration").json()["ui_locales_supported"]
    assert listed == list(LOCALES)
