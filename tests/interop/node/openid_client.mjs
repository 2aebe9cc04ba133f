// A web application on openid-client v6, from registration to logout, with the errors on the way.
//
// It is told where to go by a line of JSON on standard input. Where a person is needed, it prints {open, then}: a browser
// opens the address, does what `then` says, and answers {arrived: url} or, for a posted answer, {arrived, posted: {…}}.

import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'
import * as openid from 'openid-client'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const heard = async () => JSON.parse((await lines.next()).value)
const say = (value) => console.log(JSON.stringify(value))

const { issuer, initial_access_token, redirect_uri, post_logout_redirect_uri, scope, resource, sub, email } = await heard()
const options = { execute: [openid.allowInsecureRequests] }

// Registration, with a key instead of a secret (RFC 7591, OpenID Connect Core section 9).
const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey)
const registration = {
  client_name: 'openid-client',
  redirect_uris: [redirect_uri],
  post_logout_redirect_uris: [post_logout_redirect_uri],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [{ kty, crv, x, y, kid: 'one', alg: 'ES256', use: 'sig' }] },
  scope,
}
const key = openid.PrivateKeyJwt({ key: keys.privateKey, kid: 'one' })
const registered = await openid.dynamicClientRegistration(new URL(issuer), registration, key, {
  ...options,
  initialAccessToken: initial_access_token,
})
const { client_id } = registered.clientMetadata()

// Discovery (OIDC Discovery 1.0, RFC 8414), as at every later start.
const config = await openid.discovery(new URL(issuer), client_id, undefined, key, options)
assert.equal(config.serverMetadata().issuer, issuer)
assert.ok(config.serverMetadata().supportsPKCE())
const plain = await openid.discovery(new URL(issuer), client_id, undefined, key, { ...options, algorithm: 'oauth2' })
assert.equal(plain.serverMetadata().token_endpoint, config.serverMetadata().token_endpoint)

// One authorization: what was sent, and the address where the browser arrived.
async function authorize(then, parameters = {}) {
  const checks = {
    pkceCodeVerifier: openid.randomPKCECodeVerifier(),
    expectedState: openid.randomState(),
    expectedNonce: openid.randomNonce(),
  }
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri,
    scope,
    resource,
    code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  })
  say({ open: url.href, then })
  const { arrived, posted } = await heard()
  const answer = posted ? new Request(arrived, { method: 'POST', body: new URLSearchParams(posted) }) : new URL(arrived)
  return { answer, checks }
}

async function signIn(then, parameters) {
  const { answer, checks } = await authorize(then, parameters)
  return openid.authorizationCodeGrant(config, answer, checks)
}

async function refused(then, parameters) {
  const failure = await signIn(then, parameters).then(assert.fail, (error) => error)
  assert.ok(failure instanceof openid.AuthorizationResponseError, String(failure))
  return failure.error
}

// Nobody is signed in, and the person says no.
assert.equal(await refused('look', { prompt: 'none' }), 'login_required')
assert.equal(await refused('deny'), 'access_denied')

// The person signs in and says yes.
const tokens = await signIn('sign_in')
assert.equal(tokens.claims().sub, sub)
assert.ok(tokens.expires_in > 0)
const user = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
assert.equal(user.email, email)

// Introspection (RFC 7662), and the refusal of a code that was used.
const alive = async (token) => (await openid.tokenIntrospection(config, token)).active
assert.equal(await alive(tokens.access_token), true)
assert.equal(await alive(tokens.refresh_token), true)
assert.equal(await alive('unknown'), false)

// Refresh (RFC 6749 section 6): everything is new, and stays the same person.
const next = await openid.refreshTokenGrant(config, tokens.refresh_token)
assert.notEqual(next.access_token, tokens.access_token)
assert.notEqual(next.refresh_token, tokens.refresh_token)
assert.equal(next.claims()?.sub ?? sub, sub)
const wider = await openid.refreshTokenGrant(config, next.refresh_token, { scope: 'openid users:write' }).then(assert.fail, (e) => e)
assert.equal(wider.error, 'invalid_scope')

// Without a page, and with the answer posted (OAuth 2.0 Form Post Response Mode).
assert.equal((await signIn('look', { prompt: 'none', id_token_hint: tokens.id_token })).claims().sub, sub)
assert.equal((await signIn('look', { response_mode: 'form_post' })).claims().sub, sub)

// A code is of use once; used twice, what it gave is gone.
const { answer, checks } = await authorize('look')
const once = await openid.authorizationCodeGrant(config, answer, checks)
const twice = await openid.authorizationCodeGrant(config, answer, checks).then(assert.fail, (error) => error)
assert.equal(twice.error, 'invalid_grant')
assert.equal(await alive(once.access_token), false)

// Revocation (RFC 7009) of a refresh token takes its family along.
await openid.tokenRevocation(config, next.refresh_token)
assert.equal(await alive(next.refresh_token), false)
assert.equal(await alive(next.access_token), false)
const gone = await openid.refreshTokenGrant(config, next.refresh_token).then(assert.fail, (error) => error)
assert.equal(gone.error, 'invalid_grant')

// Logout (RP-Initiated Logout 1.0): the session and its tokens end, and the browser comes back with `state`.
const last = await signIn('look')
const state = openid.randomState()
say({
  open: openid.buildEndSessionUrl(config, { id_token_hint: last.id_token, post_logout_redirect_uri, state }).href,
  then: 'look',
})
const back = new URL((await heard()).arrived)
assert.equal(back.origin + back.pathname, post_logout_redirect_uri)
assert.equal(back.searchParams.get('state'), state)
assert.equal(await alive(last.access_token), false)
assert.equal(await refused('look', { prompt: 'none' }), 'login_required')

// An address that was not registered: the browser stays at a page.
say({ open: openid.buildAuthorizationUrl(config, { redirect_uri: `${redirect_uri}/x`, scope }).href, then: 'stay' })
const { error_page } = await heard()
assert.ok(error_page)

say({ client_id, error_page })
process.exit(0)
