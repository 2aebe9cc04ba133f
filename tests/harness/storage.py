"""A migrated database opened in the test's own process, for tests of use cases below HTTP: new for each test.

    @pytest.fixture
    async def storage(database, cluster): ...

`clock.advance` moves the clock; each test begins at the real time.
"""

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from sigid import migrations
from sigid.kernel import startup
from sigid.kernel.settings import Settings, load_settings
from tests.harness import run
from tests.harness.postgresql import Postgresql

ISSUER = "http://localhost:8484"
_ROOT_KEY = base64.b64encode(os.urandom(32)).decode()


def _settings(folder: Path, database_url: str) -> Settings:
    return load_settings(env="development", data_dir=folder, database_url=database_url, root_key=_ROOT_KEY)


@cache
def _migrated_file() -> Path:
    folder = run.new_folder("migrated")
    migrations.run(_settings(folder, f"sqlite:///{folder / 'sigid.db'}"))
    return folder / "sigid.db"


_templates: dict[Path, str] = {}


def _migrated_template(postgresql: Postgresql) -> str:
    where = postgresql.cluster.folder
    if where not in _templates:
        name, url = postgresql.new_database()
        migrations.run(_settings(run.new_folder("template"), url))
        _templates[where] = name
    return _templates[where]


@asynccontextmanager
async def opened(database: str, cluster: Postgresql | None) -> AsyncIterator[Settings]:
    """Open a new database of this kind; the settings that it was opened with."""
    folder = run.new_folder("storage")
    name = None
    if cluster is None:
        shutil.copy(await asyncio.to_thread(_migrated_file), folder / "sigid.db")
        url = f"sqlite:///{folder / 'sigid.db'}"
    else:
        template = await asyncio.to_thread(_migrated_template, cluster)
        name, url = await asyncio.to_thread(cluster.new_database, template)
    settings = _settings(folder, url)
    try:
        async with startup.running(settings):
            yield settings
    finally:
        if cluster is not None and name is not None:
            await asyncio.to_thread(cluster.cluster.drop, name)
        shutil.rmtree(folder, ignore_errors=True)
