"""The OpenID Foundation's conformance modules, each as a case of its own name, over real servers.

A plan is a file: its modules stand in a table in the order of the published plan, and one test runs each row. What
every success is checked for, whatever the module is about, is in `checks`; the client that the modules act as in
`relying_party`. `page` lists the modules and what each shows in docs/conformance.md.
"""

import pytest

pytest.register_assert_rewrite("tests.conformance.checks", "tests.conformance.relying_party")
