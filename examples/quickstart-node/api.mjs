// A protected API: projects, each of one tenant. `DELETE /projects/{id}` shows the whole access rule.

import { AccessError, allow, createVerifier } from './access.mjs'

export const AUDIENCE = 'https://api.example.com' // how this API is registered at SigID: a name, not an address to call

const READ = { scope: 'projects:read', subjects: ['user', 'service'] }
const DELETE = {
  scope: 'projects:delete',
  subjects: ['user'],
  delegation: true, // an agent may, for a user who has delegated it
  acr: 'urn:sigid:acr:1fa', // 'urn:sigid:acr:mfa' where your people have a second factor
  freshWithin: 10 * 60,
}

// Answers `{status, headers, body}` to a request below /api.
export function createApi(issuer, jwksUri) {
  const verify = createVerifier(issuer, jwksUri, AUDIENCE)
  const projects = new Projects()

  async function handle(request, path) {
    const one = /^\/projects\/([\w-]+)$/.exec(path)
    if (request.method === 'GET' && path === '/projects') {
      const claims = await verify(request)
      allow(READ, claims, claims.tenant_id)
      return json(200, { data: projects.of(claims.tenant_id).map(({ id, name }) => ({ id, name })) })
    }
    if (request.method === 'DELETE' && one) {
      const claims = await verify(request)
      const project = projects.get(one[1])
      allow(DELETE, claims, project.tenantId)
      projects.delete(project)
      return { status: 204 }
    }
    throw new AccessError(404, 'not_found', 'No such route.')
  }

  return async (request, path) => {
    try {
      return await handle(request, path)
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      const challenge = [401, 403].includes(error.status) && { 'WWW-Authenticate': error.challenge }
      return json(error.status, { error: error.error ?? 'token_missing' }, challenge)
    }
  }
}

const json = (status, body, headers) => ({
  status,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

// The database, as far as an example needs one: every tenant finds two projects of its own.
class Projects {
  #rows = new Map()
  #tenants = new Set()
  #last = 0

  of(tenantId) {
    if (!this.#tenants.has(tenantId)) {
      this.#tenants.add(tenantId)
      for (const name of ['Lighthouse', 'Paper boat']) {
        const id = `prj_${++this.#last}`
        this.#rows.set(id, { id, tenantId, name })
      }
    }
    return [...this.#rows.values()].filter((project) => project.tenantId === tenantId)
  }

  get(id) {
    const found = this.#rows.get(id)
    if (!found) throw new AccessError(404, 'not_found', 'No such project.')
    return found
  }

  delete(project) {
    this.#rows.delete(project.id)
  }
}
