"""docs/conformance.md tells the truth: it is current, and lists the modules that are run."""

import pytest

from tests.conformance import page, test_basic, test_config, test_dynamic, test_logout

pytestmark = pytest.mark.promise("3.proof.conformance")


def test_the_page_is_current():
    assert page.PAGE.exists(), "make docs"
    assert page.PAGE.read_text() == page.text(), "docs/conformance.md is stale: run 'make docs' and commit it"


@pytest.mark.parametrize(
    "tests", [test_basic, test_config, test_dynamic, test_logout], ids=lambda tests: tests.PLANS[0]
)
def test_the_page_lists_what_is_run(tests):
    text = page.text()
    assert [name for name in tests.plan.modules if f"\n| {name} | " not in text] == []


def test_the_basic_plan_is_whole():
    assert len(test_basic.plan.modules) == 38
