"""The examples' API refuses every token that it should, each with the answer of its RFC; tokens are an odd issuer's."""

import hmac
import json
import secrets
import time

import pytest
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode

from tests.interop.examples import NAMES, running
from tests.interop.issuer import Issuer, issuing, unsigned

pytestmark = pytest.mark.promise("3.6.quickstart-python", "3.6.quickstart-node")

INVALID = (401, "invalid_token")
DENIED = (403, "access_denied")


def times(**offsets: int) -> dict[str, int]:
    return {name: int(time.time()) + offset for name, offset in offsets.items()}


def public_key_as_secret(issuer: Issuer) -> str:
    """The public key, taken for the secret of HMAC (RFC 8725 section 2.1)."""
    signed = issuer.access_token().split(".")
    signed[0] = encoded(json.dumps({"alg": "HS256", "kid": "es", "typ": "at+jwt"}).encode())
    secret = issuer.key.as_pem(private=False)
    return ".".join([*signed[:2], encoded(hmac.digest(secret, ".".join(signed[:2]).encode(), "sha256"))])


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).decode()


def own_key_in_header(issuer: Issuer) -> str:
    key = ECKey.generate_key("P-256")
    return issuer.access_token(header={"jwk": key.as_dict(private=False)}, key=key)


def changed_after_signing(issuer: Issuer) -> str:
    head, _, signature = issuer.access_token().split(".")
    return ".".join([head, issuer.access_token(scope="everything").split(".")[1], signature])


# In the order of the checks: the token, and what the API answers.
REFUSED = {
    "1 not a JWT": (lambda _: "nonsense", INVALID),
    "1 four parts": (lambda issuer: issuer.access_token() + ".x", INVALID),
    "1 huge": (lambda issuer: issuer.access_token(more="x" * 10_000), INVALID),
    "2 unsigned": (lambda issuer: unsigned(issuer.claims()), INVALID),
    "2 hmac with the public key": (public_key_as_secret, INVALID),
    "2 another algorithm": (
        lambda issuer: issuer.access_token(header={"alg": "RS256", "kid": "rs"}, key=issuer.rsa),
        INVALID,
    ),
    "2 a key of its own": (own_key_in_header, INVALID),
    "2 unknown key": (lambda issuer: issuer.access_token(header={"kid": "other"}), INVALID),
    "2 changed": (changed_after_signing, INVALID),
    "2 typ JWT": (lambda issuer: issuer.access_token(header={"typ": "JWT"}), INVALID),
    "2 no typ": (lambda issuer: issuer.access_token(header={"typ": None}), INVALID),
    "3 another issuer": (lambda issuer: issuer.access_token(iss="https://id.example"), INVALID),
    "3 another audience": (lambda issuer: issuer.access_token(aud="https://other.example"), INVALID),
    "3 expired": (lambda issuer: issuer.access_token(**times(exp=-70)), INVALID),
    "3 exp is a text": (lambda issuer: issuer.access_token(exp="tomorrow"), INVALID),
    "3 not yet": (lambda issuer: issuer.access_token(**times(nbf=70)), INVALID),
    **{
        f"3 without {name}": (lambda issuer, name=name: issuer.access_token(without=name), INVALID)
        for name in ("iss", "aud", "exp", "sub", "client_id", "jti", "scope", "tenant_id", "sub_type")
    },
    "4 bound to a key": (lambda issuer: issuer.access_token(cnf={"jkt": "x"}), INVALID),
    "5 another tenant": (lambda issuer: issuer.access_token(tenant_id="ten_other"), (404, "not_found")),
    "6 a service": (lambda issuer: issuer.access_token(sub_type="service"), DENIED),
    "6 an agent for itself": (lambda issuer: issuer.access_token(sub_type="agent"), DENIED),
    "6 no delegation": (lambda issuer: issuer.access_token(act={"sub": "agt_1"}), DENIED),
    "7 no scope": (lambda issuer: issuer.access_token(scope="projects:read"), (403, "insufficient_scope")),
    "7 part of a scope": (lambda issuer: issuer.access_token(scope="projects:delete:all"), (403, "insufficient_scope")),
    "8 old": (lambda issuer: issuer.access_token(**times(auth_time=-700)), (401, "insufficient_user_authentication")),
    "8 no auth_time": (
        lambda issuer: issuer.access_token(without="auth_time"),
        (401, "insufficient_user_authentication"),
    ),
    "8 in the future": (
        lambda issuer: issuer.access_token(**times(auth_time=700)),
        (401, "insufficient_user_authentication"),
    ),
    "8 anonymous": (
        lambda issuer: issuer.access_token(acr="urn:sigid:acr:anonymous"),
        (401, "insufficient_user_authentication"),
    ),
}
ALLOWED = {
    "a user": lambda issuer: issuer.access_token(),
    "typ in full": lambda issuer: issuer.access_token(header={"typ": "application/at+jwt"}),
    "expired within the skew": lambda issuer: issuer.access_token(**times(exp=-30)),
    "a strong sign-in": lambda issuer: issuer.access_token(acr="urn:sigid:acr:mfa"),
    "an agent with a delegation": lambda issuer: issuer.access_token(
        act={"sub": "agt_1"}, delegation_id="dlg_1", **times(auth_time=-9000)
    ),
}


@pytest.fixture(scope="module", params=NAMES)
def api(request):
    """An example beside an odd issuer."""
    with (
        issuing() as issuer,
        running(request.param, issuer.url, SIGID_CLIENT_ID="quickstart", SIGID_CLIENT_SECRET="secret") as example,
    ):
        yield example, issuer


@pytest.mark.parametrize(("make", "told"), REFUSED.values(), ids=REFUSED)
def test_refused(api, make, told):
    example, issuer = api
    project = example.projects(issuer.access_token()).json()["data"][-1]["id"]
    answer = example.delete(project, f"Bearer {make(issuer)}")
    status, error = told
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    if status != 404:
        assert f'error="{error}"' in answer.headers["WWW-Authenticate"]
    assert project in [row["id"] for row in example.projects(issuer.access_token()).json()["data"]]


@pytest.mark.parametrize("make", ALLOWED.values(), ids=ALLOWED)
def test_allowed(api, make, monkeypatch):
    example, issuer = api
    monkeypatch.setattr(issuer, "tenant_id", f"ten_{secrets.token_hex(8)}")  # with projects of its own
    project = example.projects(issuer.access_token()).json()["data"][0]["id"]
    assert example.delete(project, f"Bearer {make(issuer)}").status_code == 204
    assert project not in [row["id"] for row in example.projects(issuer.access_token()).json()["data"]]


def test_no_token_and_two(api):
    example, issuer = api
    none = example.delete("prj_1")
    assert (none.status_code, none.headers["WWW-Authenticate"]) == (401, "Bearer")
    good = f"Bearer {issuer.access_token()}"
    assert example.delete("prj_1", good, good).status_code == 401
    assert example.delete("prj_1", good.replace("Bearer", "Basic")).status_code == 401


@pytest.mark.parametrize("name", NAMES)
def test_no_keys_no_access(name):
    with (
        issuing() as issuer,
        running(name, issuer.url, SIGID_CLIENT_ID="quickstart", SIGID_CLIENT_SECRET="secret") as example,
    ):
        issuer.broken = "/jwks"
        answer = example.delete("prj_1", f"Bearer {issuer.access_token()}")
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
