"""One server under measurement with the people signed in, and the requests that clients send to it.

Endpoints come from its discovery document. Sessions are made once, by signing everybody in through the server's own
pages; tokens that live for minutes are made anew before each measurement that needs them.
"""

from dataclasses import replace
from functools import cached_property
from urllib.parse import urlencode, urlsplit

import httpx

from bench import generator, scene
from bench.generator import Job, Request, Result
from bench.problems import BenchError
from bench.processes import ServerProcess
from bench.scene import Client, Scene
from bench.servers import DISCOVERY, Peer, SigID

FORM = "application/x-www-form-urlencoded"


class Target:
    """`key` names it in results: sqlite, postgresql, peer, peer-postgresql."""

    def __init__(self, key: str, title: str, server: SigID | Peer, scene_: Scene) -> None:
        self.key = key
        self.title = title
        self.scene = scene_
        self.is_peer = isinstance(server, Peer)
        server.prepare(scene_)
        self.process: ServerProcess = server.serve()
        self.host = server.host
        self.address = f"127.0.0.1:{server.port}"
        self._http = httpx.Client(
            base_url=f"http://{self.address}", headers={"Host": self.host}, timeout=30, trust_env=False
        )

    def close(self) -> None:
        self._http.close()
        self.process.stop()

    @cached_property
    def metadata(self) -> dict[str, str]:
        answer = self._http.get(DISCOVERY)
        if answer.status_code != httpx.codes.OK:
            raise BenchError(f"{self.title}: discovery answered {answer.status_code}")
        return dict(answer.json())

    def path(self, endpoint: str) -> str:
        """The path of an endpoint by its name in discovery."""
        return urlsplit(self.metadata[endpoint]).path

    # requests

    def form(self, endpoint: str, client: Client, **parameters: str) -> Request:
        headers = {"Authorization": client.basic, "Content-Type": FORM}
        return Request("POST", self.path(endpoint), headers, urlencode(parameters, safe="{}"))

    def authorization(self, person: int, cookies: str = "") -> Request:
        parameters = {
            "response_type": "code",
            "client_id": self.scene.web.id,
            "redirect_uri": scene.CALLBACK,
            "scope": scene.WEB_SCOPE,
            "resource": scene.API,
            "state": f"state-of-person-{person}",
            "nonce": f"nonce-of-person-{person}",
            "code_challenge": self.scene.challenge,
            "code_challenge_method": "S256",
        }
        if self.is_peer and not cookies:  # it has no sign-in page: this names the person
            parameters["login_hint"] = self.scene.people[person].email
        path = f"{self.path('authorization_endpoint')}?{urlencode(parameters)}"
        return Request("GET", path, {"Cookie": cookies} if cookies else {})

    def exchange(self, **parameters: str) -> Request:
        """The code exchange, with {} for the code."""
        return self.form(
            "token_endpoint",
            self.scene.web,
            grant_type="authorization_code",
            code="{}",
            redirect_uri=scene.CALLBACK,
            code_verifier=self.scene.verifier,
            **parameters,
        )

    # jobs

    def job(self, mode: str, requests: list[Request]) -> Job:
        return Job(mode, self.address, self.host, len(self.scene.people), requests, callback=scene.CALLBACK)

    def sign_in(self) -> Job:
        """Sign-in by password through the hosted pages, each time as a browser without cookies."""
        fields = [{"email": person.email, "password": person.password} for person in self.scene.people]
        return replace(self.job("signin", [self.authorization(n) for n in range(len(fields))]), fields=fields)

    def authorize(self) -> Job:
        """Authorization with the sessions that the people have."""
        return self.job("authorize", [self.authorization(n, cookies) for n, cookies in enumerate(self.sessions)])

    def once(self, job: Job) -> Result:
        """Let each person do it one time; all must succeed."""
        result = generator.run(replace(job, once=True))
        if result.errors:
            raise BenchError(f"{self.title}, {job.mode}: {result.first_error}")
        return result

    # what the people have

    @cached_property
    def sessions(self) -> list[str]:
        """Everybody's cookies."""
        return self.once(self.sign_in()).cookies

    @cached_property
    def refresh_tokens(self) -> list[str]:
        """A chain per connection; whoever follows the chains puts back their ends."""
        return [self._tokens(code, resource=scene.API)["refresh_token"] for code in self.once(self.authorize()).values]

    def user_tokens(self) -> list[str]:
        """Access tokens that userinfo takes, one per person (the peer takes only those without a resource)."""
        resource = {} if self.is_peer else {"resource": scene.API}
        return [self._tokens(code, **resource)["access_token"] for code in self.once(self.authorize()).values]

    def service_token(self) -> str:
        """An access token that introspection knows (the peer's must be without a resource)."""
        resource = {} if self.is_peer else {"resource": scene.API}
        request = self.form(
            "token_endpoint", self.scene.service, grant_type="client_credentials", scope="projects:read", **resource
        )
        return self._answer(request)["access_token"]

    def _tokens(self, code: str, **parameters: str) -> dict[str, str]:
        request = self.exchange(**parameters)
        return self._answer(Request(request.method, request.path, request.headers, request.body.replace("{}", code)))

    def _answer(self, request: Request) -> dict[str, str]:
        answer = self._http.request(
            request.method, request.path, headers=dict(request.headers), content=request.body.encode()
        )
        if answer.status_code != httpx.codes.OK:
            raise BenchError(f"{self.title}: {request.path} answered {answer.status_code} {answer.text[:300]}")
        return dict(answer.json())
