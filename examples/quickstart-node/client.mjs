// Which OAuth client this application is: the one in `.env`, or one that it registers now (RFC 7591).

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import * as openid from 'openid-client'

export const SCOPE = 'openid profile email offline_access projects:read projects:delete'

// The client's configuration, as openid-client has it: who we are, and what the issuer says of itself.
export async function load(origin) {
  const file = process.env.ENV_FILE || '.env'
  const stored = existsSync(file) ? parsed(readFileSync(file, 'utf8')) : {}
  const setting = (name) => process.env[name] || stored[name] || ''
  const issuer = new URL(setting('SIGID_ISSUER') || 'http://localhost:8484')
  const options = { execute: issuer.protocol === 'http:' ? [openid.allowInsecureRequests] : [] } // loopback only
  const clientId = setting('SIGID_CLIENT_ID')
  if (clientId) {
    const secret = setting('SIGID_CLIENT_SECRET')
    return openid.discovery(issuer, clientId, secret, openid.ClientSecretBasic(secret), options)
  }
  const initialAccessToken = setting('SIGID_INITIAL_ACCESS_TOKEN') || (await ask())
  const config = await register(issuer, origin, { ...options, initialAccessToken })
  const { client_id, client_secret } = config.clientMetadata()
  const lines = [
    `SIGID_ISSUER=${issuer.origin}`,
    `SIGID_CLIENT_ID=${client_id}`,
    `SIGID_CLIENT_SECRET=${client_secret}`,
  ]
  writeFileSync(file, lines.join('\n') + '\n', { mode: 0o600 })
  console.log(`Registered as ${client_id}, kept in ${file}`)
  return config
}

// The token chooses the tenant. The answer holds the secret, this once.
async function register(issuer, origin, options) {
  const metadata = {
    client_name: 'Quickstart (Node)',
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/signed-out`],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: SCOPE,
  }
  try {
    return await openid.dynamicClientRegistration(issuer, metadata, openid.ClientSecretBasic(), options)
  } catch (error) {
    console.error(
      `SigID did not register this application: ${error.error_description ?? error.cause?.message ?? error.message}`,
    )
    process.exit(1)
  }
}

async function ask() {
  if (!process.stdin.isTTY) {
    console.error('No client yet: run `make TOKEN=…` with the initial access token that `make dev` printed.')
    process.exit(1)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const token = await terminal.question('Initial access token (make dev printed it): ')
  terminal.close()
  return token.trim()
}

function parsed(text) {
  const lines = text.split('\n').filter((line) => line.includes('='))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}
