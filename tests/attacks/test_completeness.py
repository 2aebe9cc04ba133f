"""Every attack of the catalogue has a test, or stands in later.toml with the issue that it waits for: never both."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.attacks.scene import Scene

pytestmark = pytest.mark.promise("3.proof.attacks")

HERE = Path(__file__).parent
TESTS = HERE.parent
_ID = re.compile(r"([A-Z]{3}-\d{2})\b")
_NAME = re.compile(r"test_([a-z]{3})_(\d{2})_")

# A member of discovery that says that a feature is on, and the area of attacks that then needs its tests.
ADVERTISED = {
    "pushed_authorization_request_endpoint": "PAR",
    "device_authorization_endpoint": "DEV",
    "backchannel_authentication_endpoint": "CIB",
    "dpop_signing_alg_values_supported": "DPO",
    "tls_client_certificate_bound_access_tokens": "MTL",
    "mtls_endpoint_aliases": "MTL",
    "client_id_metadata_document_supported": "CMD",
}
GRANTS = {
    "authorization_code": "COD",
    "refresh_token": "REF",
    "client_credentials": "CLI",
    "urn:ietf:params:oauth:grant-type:device_code": "DEV",
    "urn:openid:params:grant-type:ciba": "CIB",
    "urn:ietf:params:oauth:grant-type:token-exchange": "TEX",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "JBG",
}
THIS_ISSUE = 3  # its areas are on; a row of them that waits for a later issue needs something that is not on yet
BUILT = frozenset({"RED", "ISS", "COD", "CLI", "REF", "TOK", "INT", "LOG", "PWD", "SES", "HTP", "KEY", "AUD", "DCR"})


def catalogue() -> set[str]:
    areas = tomllib.loads((HERE / "catalogue.toml").read_text())
    for area, rows in areas.items():
        assert all(row.startswith(f"{area}-") and len(said) > 10 for row, said in rows.items()), area
    return {row for rows in areas.values() for row in rows}


def later() -> dict[str, dict[str, object]]:
    return tomllib.loads((HERE / "later.toml").read_text())


def tried() -> set[str]:
    """The ids in the names of tests and in the tables of their cases, read from the files."""
    found = set()
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (named := _NAME.match(node.name)):
                found.add(f"{named[1].upper()}-{named[2]}")
            elif isinstance(node, ast.Dict):
                keys = (key.value for key in node.keys if isinstance(key, ast.Constant))
                found |= {m[1] for key in keys if isinstance(key, str) and (m := _ID.match(key))}
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                found |= {m[1] for m in [_ID.match(str(node.values[0].value))] if m}
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "param":
                ids = (k.value.value for k in node.keywords if k.arg == "id" and isinstance(k.value, ast.Constant))
                found |= {m[1] for text in ids if (m := _ID.match(str(text)))}
    return found


def test_every_attack_is_tried_or_waits() -> None:
    missing = catalogue() - tried() - later().keys()
    assert not missing, f"neither tried nor in later.toml: {sorted(missing)}"


def test_what_is_tried_does_not_wait() -> None:
    both = tried() & later().keys()
    assert not both, f"tried, and in later.toml too: {sorted(both)}"


def test_no_id_that_the_catalogue_does_not_have() -> None:
    areas = {row[:3] for row in catalogue()}
    unknown = {row for row in tried() if row[:3] in areas} | later().keys()
    assert unknown <= catalogue(), sorted(unknown - catalogue())


def test_what_waits_says_for_what() -> None:
    for row, entry in later().items():
        assert {"why"} <= entry.keys() <= {"issue", "why"}, row
        assert isinstance(entry.get("issue", THIS_ISSUE), int), row
        assert len(str(entry["why"])) > 10, row
        assert "issue" in entry or row[:3] not in BUILT, f"{row} is of an area that is built: it waits for an issue"


def test_what_is_advertised_does_not_wait(scene: Scene) -> None:
    """A feature that discovery names is on: its attacks are tried."""
    told = scene.get(f"{scene.server.issuer}/.well-known/openid-configuration").json()
    on = {area for member, area in ADVERTISED.items() if told.get(member)}
    on |= {GRANTS[grant] for grant in told["grant_types_supported"]}  # a grant type that is not known here fails
    waiting = {row for row in later() if row[:3] in on - BUILT}
    assert not waiting, f"advertised, and in later.toml: {sorted(waiting)}"
