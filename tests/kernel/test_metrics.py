"""Numbers for Prometheus, added up over the processes of a server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sigid.kernel import metrics

_ONE = """
import os
import pytest

from sigid.kernel import metrics
metrics.answered("/oauth/token", "POST", 200, 0.01)
metrics.answered("/oauth/token", "P\\nOST", 400, 0.01)
metrics.refused("invalid_grant", "code_reused")
metrics.queue("mail", 3)
print(metrics.render().decode())
"""


def _run(folder: Path) -> str:
    env = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    return subprocess.run([sys.executable, "-c", _ONE], env=env, capture_output=True, text=True, check=True).stdout


def test_processes_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    (tmp_path / "metrics" / "999999999").mkdir(parents=True)  # of a server that is gone
    metrics.share_between_processes(tmp_path)
    [folder] = (tmp_path / "metrics").iterdir()
    assert folder.name == str(os.getpid())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert 'sigid_http_requests_total{method="POST",route="/oauth/token",status="200"} 1.0' in _run(folder)
    told = _run(folder)
    assert 'sigid_http_requests_total{method="POST",route="/oauth/token",status="200"} 2.0' in told
    assert 'sigid_http_requests_total{method="other",route="/oauth/token",status="400"} 2.0' in told
    assert 'sigid_refusals_total{code="invalid_grant",reason="code_reused"} 2.0' in told
    assert 'sigid_queue_depth{queue="mail"} 3.0' in told
    metrics.share_between_processes(tmp_path)
    assert list(folder.iterdir()) == []
