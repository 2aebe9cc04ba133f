// A web application that signs people in with SigID, and calls a protected API in their name.
//
// Run `make` beside a running `make dev`, and open http://localhost:3001. The browser holds nothing but the name of its
// session: tokens stay here, and the API is called from here.

import { createServer } from 'node:http'
import * as openid from 'openid-client'
import { AUDIENCE, createApi } from './api.mjs'
import * as client from './client.mjs'
import * as pages from './pages.mjs'
import { begin, cookie, end, sessionOf } from './sessions.mjs'

const PORT = Number(process.env.PORT || 3001)
const ORIGIN = `http://localhost:${PORT}`

const config = await client.load(ORIGIN)
const { issuer, jwks_uri } = config.serverMetadata()
const api = createApi(issuer, jwks_uri)

async function home(session) {
  if (!session?.tokens) return shown(pages.signedOut())
  const answer = await call(session, 'GET', '/projects')
  if (!answer) return redirect('/login')
  return shown(pages.home(session.user, answer.ok ? (await answer.json()).data : []))
}

// Send the browser to SigID, and keep what its answer must fit.
async function login(session, url) {
  const stronger = pick(Object.fromEntries(url.searchParams), 'max_age', 'acr_values')
  const attempt = {
    pkceCodeVerifier: openid.randomPKCECodeVerifier(),
    expectedState: openid.randomState(),
    expectedNonce: openid.randomNonce(),
    ...(stronger.max_age && { maxAge: Number(stronger.max_age) }),
  }
  const away = openid.buildAuthorizationUrl(config, {
    redirect_uri: `${ORIGIN}/callback`,
    scope: client.SCOPE,
    resource: AUDIENCE, // RFC 8707: the access token is for this API
    code_challenge: await openid.calculatePKCECodeChallenge(attempt.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: attempt.expectedState,
    nonce: attempt.expectedNonce,
    ...stronger,
  })
  return redirect(away, begin({ ...session, attempt }, session))
}

// Take the answer. openid-client checks `iss` (RFC 9207), `state` and the ID token; then a new session begins.
async function callback(session, url) {
  if (!session?.attempt) return sorry('state_unknown', 'This browser did not ask to sign in.')
  const { attempt } = session
  delete session.attempt
  try {
    const tokens = await openid.authorizationCodeGrant(config, url, attempt)
    const user = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
    return redirect('/', begin({ user, tokens: kept(tokens) }, session))
  } catch (error) {
    return sorry(error.error ?? error.code, error.error_description) // the person said no, say
  }
}

async function deleteProject(session, url) {
  const answer = await call(session, 'DELETE', url.pathname.replace(/\/delete$/, ''))
  if (!answer) return redirect('/login')
  if (answer.ok) return redirect('/')
  const challenge = parameters(answer.headers.get('www-authenticate') ?? '')
  if (challenge.error === 'insufficient_user_authentication') {
    return redirect(`/login?${new URLSearchParams(pick(challenge, 'max_age', 'acr_values'))}`) // RFC 9470
  }
  return sorry((await answer.json()).error, challenge.error_description, answer.status)
}

// End the session here, give the refresh token back (RFC 7009), and end the session at SigID too.
async function logout(session) {
  if (!session?.tokens) return redirect('/')
  const { refresh_token, id_token } = session.tokens
  if (refresh_token) await openid.tokenRevocation(config, refresh_token, { token_type_hint: 'refresh_token' })
  const state = openid.randomState()
  const away = { post_logout_redirect_uri: `${ORIGIN}/signed-out`, id_token_hint: id_token, state }
  return redirect(openid.buildEndSessionUrl(config, away), begin({ leaving: state }, session))
}

// Where SigID sends the browser after the logout that we asked for.
async function signedOut(session, url) {
  if (!session?.leaving || url.searchParams.get('state') !== session.leaving) {
    return sorry('state_unknown', 'This browser did not ask to sign out.')
  }
  end(session)
  return shown(pages.signedOut('You are signed out.'))
}

// Call the API in the person's name. Undefined: the session has ended at SigID, and so it does here.
async function call(session, method, path) {
  if (!session?.tokens) return undefined
  if (session.tokens.expires_at < Date.now() + 30_000 && !(await refresh(session))) {
    end(session)
    return undefined
  }
  return fetch(`${ORIGIN}/api${path}`, { method, headers: { Authorization: `Bearer ${session.tokens.access_token}` } })
}

// Get a new access token. The refresh token changes with it. There is none where the person did not allow it.
async function refresh(session) {
  if (!session.tokens.refresh_token) return false
  try {
    const tokens = await openid.refreshTokenGrant(config, session.tokens.refresh_token)
    session.tokens = { ...session.tokens, ...kept(tokens) }
    return true
  } catch (error) {
    if (error instanceof openid.ResponseBodyError) return false
    throw error
  }
}

const kept = (tokens) => ({
  ...pick(tokens, 'access_token', 'refresh_token', 'id_token'),
  expires_at: Date.now() + tokens.expires_in * 1000,
})

const pick = (from, ...names) =>
  Object.fromEntries(names.filter((name) => from[name]).map((name) => [name, from[name]]))

const parameters = (challenge) =>
  Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))

const shown = (body, status = 200) => ({
  status,
  headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' },
  body,
})
const sorry = (error, description, status = 400) => shown(pages.sorry(error, description), status)
const redirect = (to, session) => ({
  status: 303,
  headers: { Location: String(to), ...(session && { 'Set-Cookie': cookie(session) }) },
})

const ROUTES = [
  ['GET', /^\/$/, home],
  ['GET', /^\/login$/, login],
  ['GET', /^\/callback$/, callback],
  ['POST', /^\/projects\/[\w-]+\/delete$/, deleteProject],
  ['POST', /^\/logout$/, logout],
  ['GET', /^\/signed-out$/, signedOut],
]

async function answer(request) {
  const url = new URL(request.url, ORIGIN)
  if (url.pathname.startsWith('/api/')) return api(request, url.pathname.slice('/api'.length))
  const route = ROUTES.find(([method, path]) => method === request.method && path.test(url.pathname))
  return route ? route[2](sessionOf(request), url) : sorry('not_found', 'There is nothing here.', 404)
}

createServer((request, response) => {
  answer(request).then(
    ({ status, headers, body }) => response.writeHead(status, headers).end(body),
    (error) => {
      console.error(error)
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end('Something broke here.')
    },
  )
}).listen(PORT, '127.0.0.1', () => console.log(`Open ${ORIGIN}`))
