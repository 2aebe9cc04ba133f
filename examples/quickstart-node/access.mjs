// Who may use a route of an API: the checks of an access token, in SigID's order, each of which refuses when in doubt.
//
// The token is a JWT access token (RFC 9068), used as a bearer token (RFC 6750). A refusal says in `WWW-Authenticate` what
// is missing, also where a fresh sign-in would help (RFC 9470).

import * as jose from 'jose'

const SKEW = 60 // seconds that two clocks may differ
const ASSURANCE = ['urn:sigid:acr:anonymous', 'urn:sigid:acr:1fa', 'urn:sigid:acr:mfa', 'urn:sigid:acr:phr']
const NO_KEYS = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'] // the fault is not the token's
const TEXTS = ['iss', 'aud', 'sub', 'client_id', 'jti', 'scope', 'tenant_id', 'sub_type']

// A refusal, told as RFC 6750 section 3 has it.
export class AccessError extends Error {
  constructor(status, error, description, parameters = {}) {
    super(description)
    this.status = status
    this.error = error
    this.parameters = error ? { error, error_description: description, ...parameters } : {}
  }

  get challenge() {
    const parameters = Object.entries(this.parameters).map(([name, value]) => `${name}="${value}"`)
    return `Bearer ${parameters.join(', ')}`.trim()
  }
}

const invalid = (description) => new AccessError(401, 'invalid_token', description)

// Steps 1 to 4, for an issuer, this API's own name, and the one algorithm that its tokens are signed with.
export function createVerifier(issuer, jwksUri, audience, algorithm = 'ES256') {
  const keys = jose.createRemoteJWKSet(new URL(jwksUri), { cooldownDuration: 10_000, cacheMaxAge: 300_000 })
  return async function verify(request) {
    const text = bearer(request) // 1. one token, well formed
    const claims = await signed(text) // 2. signature, algorithm, type; 3. issuer, audience, times
    if (TEXTS.some((name) => typeof claims[name] !== 'string')) throw invalid('A claim is missing.')
    if ('cnf' in claims) throw invalid('The token is bound to a key.') // 4. and we know no way to see that the caller has it
    return claims
  }

  async function signed(text) {
    const wanted = {
      issuer,
      audience,
      algorithms: [algorithm],
      typ: 'at+jwt',
      clockTolerance: SKEW,
      requiredClaims: ['exp'],
    }
    try {
      return (await jose.jwtVerify(text, keys, wanted)).payload
    } catch (error) {
      if (!(error instanceof jose.errors.JOSEError) || NO_KEYS.includes(error.code)) {
        throw new AccessError(503, 'temporarily_unavailable', "The issuer's keys cannot be read.") // no keys, no access
      }
      throw invalid('The token is not genuine, or not for this API, or has expired.')
    }
  }
}

function bearer(request) {
  const sent = request.headersDistinct.authorization ?? []
  if (sent.length === 0) throw new AccessError(401) // RFC 6750 section 3.1: who sent none is told no error
  const [scheme, text = ''] = split(sent[0], ' ')
  if (sent.length !== 1 || scheme.toLowerCase() !== 'bearer' || text.split('.').length !== 3 || text.length > 8192) {
    throw invalid('Send one bearer token.')
  }
  return text
}

// Steps 5 to 8, for a resource of this tenant. `rule`: {scope, subjects, delegation?, acr?, freshWithin?}
export function allow(rule, claims, tenantId) {
  if (claims.tenant_id !== tenantId) {
    // 5. the tenant: told as a resource that does not exist
    throw new AccessError(404, 'not_found', 'No such resource.')
  }
  if (!rule.subjects.includes(claims.sub_type)) {
    // 6. the kind of subject, and who acts for it
    throw new AccessError(403, 'access_denied', 'This kind of subject may not do this.')
  }
  const delegated = 'act' in claims
  if (delegated && !(rule.delegation && typeof claims.delegation_id === 'string')) {
    throw new AccessError(403, 'access_denied', 'Nobody may do this for somebody else without a delegation.')
  }
  if (!claims.scope.split(' ').includes(rule.scope)) {
    // 7. the scope
    throw new AccessError(403, 'insufficient_scope', 'The token lacks a scope.', { scope: rule.scope })
  }
  if (!delegated) checkSignIn(rule, claims) // 8. how the person signed in, and when; a delegation was given by such a sign-in
}

// RFC 9470: the challenge says which sign-in would do.
function checkSignIn(rule, { acr, auth_time: at }) {
  const wanted = {}
  const now = Date.now() / 1000
  if (rule.acr && ASSURANCE.indexOf(acr) < ASSURANCE.indexOf(rule.acr)) wanted.acr_values = rule.acr
  const fresh = typeof at === 'number' && at - SKEW <= now && now <= at + rule.freshWithin
  if (rule.freshWithin && !fresh) wanted.max_age = String(rule.freshWithin)
  if (Object.keys(wanted).length) {
    throw new AccessError(401, 'insufficient_user_authentication', 'Sign in again for this.', wanted)
  }
}

function split(text, separator) {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}
