"""docs/status.md tells the truth: it is current, and no test claims a promise that nobody made."""

import pytest

from tests import status

pytestmark = pytest.mark.promise("3.1.ci")


def test_status_is_current():
    assert status.STATUS.exists(), "make docs"
    assert status.STATUS.read_text() == status.text(), "docs/status.md is stale: run 'make docs' and commit it"


def test_claims_are_promises():
    assert status.unknown() == []


def test_markers_are_found_where_they_stand(tmp_path):
    file = tmp_path / "tests" / "test_flow.py"
    file.parent.mkdir()
    file.write_text(
        "import pytest\n"
        "pytestmark = pytest.mark.promise('file')\n"
        "class TestFlow:\n"
        "    @pytest.mark.promise('one', 'two')\n"
        "    async def test_it(self): ...\n"
        "@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.promise('row'))])\n"
        "def test_rows(x): ...\n"
    )
    found = {(claim.promise, claim.test) for claim in status.claims(tmp_path)}
    assert found == {("file", ""), ("one", "TestFlow.test_it"), ("two", "TestFlow.test_it"), ("row", "test_rows")}
