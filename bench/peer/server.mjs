// node-oidc-provider, set up to do the same work as SigID in the same benchmark.
//
//   node server.mjs CONFIG.json
//
// The harness writes the configuration: {port, store: "memory" | "postgresql", database_url, api, clients, people}.
// Access tokens for the API are ES256 JWTs, ID tokens RS256, refresh tokens rotate, PKCE is demanded. The library
// keeps no trace of a JWT access token; SigID does, so here each one leaves a record too, awaited before the answer.

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';

import Provider from 'oidc-provider';

import { memoryStore, postgresqlStore } from './stores.mjs';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `http://localhost:${config.port}`;
const store = config.store === 'postgresql' ? await postgresqlStore(config.database_url) : memoryStore();
const people = new Map(config.people.map((person) => [person.email, person]));

const HOUR = 3600;
const DAY = 24 * HOUR;
const ACCESS_TOKEN_LIFE = 600;

function signingKey(type, options, header) {
  return { ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', ...header };
}

const provider = new Provider(issuer, {
  adapter: store.Adapter,
  clients: config.clients,
  jwks: {
    keys: [
      signingKey('ec', { namedCurve: 'P-256' }, { alg: 'ES256', kid: 'es256' }),
      signingKey('rsa', { modulusLength: 2048 }, { alg: 'RS256', kid: 'rs256' }),
    ],
  },

  scopes: ['openid', 'offline_access', ...config.api.scopes],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (ctx, email) => ({
    accountId: email,
    claims: async () => ({ sub: email, email, email_verified: true, name: people.get(email)?.name }),
  }),

  pkce: { required: () => true },
  // The library drops offline_access unless the consent page is asked for each time; ours remembers that it was given.
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  expiresWithSession: async () => false,
  rotateRefreshToken: () => true,
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  ttl: {
    AccessToken: ACCESS_TOKEN_LIFE,
    AuthorizationCode: 60,
    ClientCredentials: ACCESS_TOKEN_LIFE,
    Grant: 90 * DAY,
    IdToken: 600,
    Interaction: HOUR,
    RefreshToken: 30 * DAY,
    Session: DAY,
  },

  // Called for every access token, whatever its format; the opaque ones are stored by the library itself.
  extraTokenClaims: async (ctx, token) => {
    if (token.resourceServer) {
      await store.record({ client: token.clientId, account: token.accountId, scope: token.scope }, ACCESS_TOKEN_LIFE);
    }
  },

  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: config.api.scopes.join(' '),
        audience: config.api.audience,
        accessTokenTTL: ACCESS_TOKEN_LIFE,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

// The library brings no accounts and no sign-in page: the person named by login_hint is signed in and agrees to
// everything, once. What is measured afterwards is authorization with the session that this leaves.
async function signIn(request, response) {
  const { params, session } = await provider.interactionDetails(request, response);
  const accountId = session?.accountId ?? params.login_hint;
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(['openid offline_access email profile', ...config.api.scopes].join(' '));
  grant.addResourceScope(config.api.audience, config.api.scopes.join(' '));
  await provider.interactionFinished(request, response, {
    login: { accountId },
    consent: { grantId: await grant.save() },
  });
}

const answer = provider.callback();
const server = http.createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  return signIn(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end(String(error));
  });
});
provider.on('server_error', (ctx, error) => console.error(error));
server.listen(config.port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
