"""A protected API: projects, each of one tenant. `DELETE /projects/{id}` shows the whole access rule."""

import itertools
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from access import AccessError, Rule, Verifier, allow

AUDIENCE = "https://api.example.com"  # how this API is registered at SigID: a name, not an address to call

READ = Rule(scope="projects:read", subjects=frozenset({"user", "service"}))
DELETE = Rule(
    scope="projects:delete",
    subjects=frozenset({"user"}),
    delegation=True,
    acr="urn:sigid:acr:1fa",  # "urn:sigid:acr:mfa" where your people have a second factor
    fresh_within=10 * 60,
)


@dataclass(frozen=True)
class Project:
    id: str
    tenant_id: str
    name: str


class Projects:
    """The database, as far as an example needs one: every tenant finds two projects of its own."""

    def __init__(self) -> None:
        self._rows: dict[str, Project] = {}
        self._ids = itertools.count(1)
        self._tenants: set[str] = set()

    def of(self, tenant_id: str) -> list[Project]:
        if tenant_id not in self._tenants:
            self._tenants.add(tenant_id)
            for name in ("Lighthouse", "Paper boat"):
                project = Project(f"prj_{next(self._ids)}", tenant_id, name)
                self._rows[project.id] = project
        return [project for project in self._rows.values() if project.tenant_id == tenant_id]

    def get(self, project_id: str) -> Project:
        try:
            return self._rows[project_id]
        except KeyError:
            raise AccessError(404, "not_found", "No such project.") from None

    def delete(self, project: Project) -> None:
        del self._rows[project.id]


def create_api(issuer: str) -> Starlette:
    verifier, projects = Verifier(issuer, AUDIENCE), Projects()

    async def list_projects(request: Request) -> Response:
        token = await verifier.token(request)
        allow(READ, token, token.tenant_id)
        found = projects.of(token.tenant_id)
        return JSONResponse({"data": [{"id": project.id, "name": project.name} for project in found]})

    async def delete_project(request: Request) -> Response:
        token = await verifier.token(request)
        project = projects.get(request.path_params["id"])
        allow(DELETE, token, project.tenant_id)
        projects.delete(project)
        return Response(status_code=204)

    routes = [
        Route("/projects", list_projects, methods=["GET"]),
        Route("/projects/{id}", delete_project, methods=["DELETE"]),
    ]
    return Starlette(routes=routes, exception_handlers={AccessError: lambda _, error: error.response()})
