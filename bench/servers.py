"""What is measured, and how it is started: SigID with its default settings, node-oidc-provider beside it."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from bench import scene
from bench.problems import BenchError
from bench.processes import ServerProcess, free_port
from bench.scene import Scene

PEER = Path(__file__).parent / "peer"
DISCOVERY = "/.well-known/openid-configuration"


def _inherited() -> dict[str, str]:
    """Our environment without settings of a SigID that somebody runs otherwise."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SIGID_")}


class SigID:
    """An installation: its settings, its commands and, once started, its server."""

    def __init__(self, folder: Path, database_url: str | None) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        self.port = free_port()
        self.host = f"localhost:{self.port}"
        self.environment = _inherited() | {
            "SIGID_ENV": "production",
            "SIGID_PORT": str(self.port),
            "SIGID_ISSUER": f"http://{self.host}",
            "SIGID_DATA_DIR": str(folder / "data"),
            "SIGID_ROOT_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        if database_url is not None:
            self.environment["SIGID_DATABASE_URL"] = database_url

    def command(self, *arguments: str) -> str:
        program = Path(sys.executable).parent / "sigid"
        if not program.exists():
            raise BenchError(f"{program} is missing: run `make setup` first")
        done = subprocess.run(
            [str(program), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )
        if done.returncode != 0:
            raise BenchError(f"`sigid {arguments[0]}` failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def prepare(self, scene: Scene) -> None:
        """Tables and the scene's tenant, before the server's first start."""
        self.command("migrate")
        file = self.folder / "bootstrap.json"
        file.write_text(json.dumps(bootstrap_document(scene)))
        answer = json.loads(self.command("bootstrap", "--file", str(file), "--json"))
        if [application["client_id"] for application in answer["applications"]] != [scene.service.id, scene.web.id]:
            raise BenchError(f"`sigid bootstrap` made other applications: {answer['applications']}")

    def serve(self) -> ServerProcess:
        program = str(Path(sys.executable).parent / "sigid")
        url = f"http://127.0.0.1:{self.port}{DISCOVERY}"
        return ServerProcess([program, "serve"], self.environment, self.folder / "log", url)


def bootstrap_document(scene_: Scene) -> dict[str, object]:
    """What `sigid bootstrap` reads."""
    return {
        "tenant": {"slug": "bench", "name": "Bench"},
        "users": [
            {"email": person.email, "password": person.password, "name": person.name, "email_verified": True}
            for person in scene_.people
        ],
        "apis": [{"audience": scene.API, "name": "Projects", "scopes": scene.API_SCOPES}],
        "applications": [
            {
                "name": "service",
                "type": "service",
                "client_id": scene_.service.id,
                "client_secret": scene_.service.secret,
                "scopes": list(scene.API_SCOPES),
                "audiences": [scene.API],
            },
            {
                "name": "web",
                "type": "web",
                "client_id": scene_.web.id,
                "client_secret": scene_.web.secret,
                "redirect_uris": [scene.CALLBACK],
                "scopes": scene.WEB_SCOPE.split(),
                "audiences": [scene.API],
                "consent": "implicit",
            },
        ],
    }


def install_peer() -> str:
    """Install node-oidc-provider from its lock file where it is not yet, and tell its version and Node's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise BenchError("Node is missing: the peer needs node and npm (or measure with --only sqlite|postgresql)")
    if not (PEER / "node_modules" / "oidc-provider").exists():
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"], cwd=PEER, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise BenchError(f"`npm ci` failed: {done.stderr.strip()}")
    package = json.loads((PEER / "node_modules" / "oidc-provider" / "package.json").read_text())
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{package['version']} on Node {version}"


class Peer:
    """node-oidc-provider, in memory or on PostgreSQL, with the scene's clients."""

    def __init__(self, folder: Path, database_url: str | None) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        self.port = free_port()
        self.host = f"localhost:{self.port}"
        self._database_url = database_url

    def prepare(self, scene: Scene) -> None:
        (self.folder / "config.json").write_text(json.dumps(self._configuration(scene)))

    def _configuration(self, scene_: Scene) -> dict[str, object]:
        return {
            "port": self.port,
            "store": "memory" if self._database_url is None else "postgresql",
            "database_url": self._database_url,
            "api": {"audience": scene.API, "scopes": list(scene.API_SCOPES)},
            "people": [{"email": person.email, "name": person.name} for person in scene_.people],
            "clients": [
                {
                    "client_id": scene_.service.id,
                    "client_secret": scene_.service.secret,
                    "grant_types": ["client_credentials"],
                    "response_types": [],
                    "redirect_uris": [],
                },
                {
                    "client_id": scene_.web.id,
                    "client_secret": scene_.web.secret,
                    "grant_types": ["authorization_code", "refresh_token"],
                    "response_types": ["code"],
                    "redirect_uris": [scene.CALLBACK],
                    "id_token_signed_response_alg": "RS256",
                },
            ],
        }

    def serve(self) -> ServerProcess:
        environment = _inherited() | {"NODE_ENV": "production"}
        url = f"http://127.0.0.1:{self.port}{DISCOVERY}"
        command = ["node", str(PEER / "server.mjs"), str(self.folder / "config.json")]
        return ServerProcess(command, environment, self.folder / "log", url)
