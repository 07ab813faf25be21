/** The rules of the embedded issuer, as oidc-provider takes them: who gets which token, for how long, bound to what. */
import './urlParse.js';
import { type AdapterPayload, type ClientMetadata, type Configuration, errors, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Postgres } from '../postgres.js';
import { TOKEN_LIFE_SECONDS } from '../terms.js';
import type { AudienceName, Clients, IssuerClient } from './clients.js';
import type { KeySet } from './signingKeys.js';
import type { Staff } from './staff.js';
import { openState } from './state.js';
import type { UsedOnce } from './usedOnce.js';

export interface ProviderParts {
  readonly postgres: Postgres;
  readonly clients: Clients;
  readonly staff: Staff;
  readonly usedOnce: UsedOnce;
  readonly keys: KeySet;
  readonly cookieSecret: string;
  readonly issuer: string;
  readonly audiences: Readonly<Record<AudienceName, string>>;
  /** Whether every token must be bound to a key of whoever asked for it. */
  readonly bindingRequired: boolean;
  /** The client's certificate on this connection, if it proved one. */
  readonly certificateOf: (request: KoaContextWithOIDC['req']) => { readonly pem: string; readonly thumbprint: string } | null;
}

/** Longest life of an assertion: exp - iat and exp - now. */
const ASSERTION_LIFE_SECONDS = 300;
const CLOCK_TOLERANCE_SECONDS = 5;
const SESSION_SECONDS = 8 * 3_600;
const INTERACTION_SECONDS = 600;
/** The one scope of the gateway: what a token opens is decided by policy, not by scopes. */
const SCOPE = 'zone';
/** Where the issuer stands below the gateway's address. */
export const ISSUER_PATH = '/oidc';

export function openProvider(parts: ProviderParts): Provider {
  const { postgres, clients, staff, usedOnce, keys, audiences } = parts;
  const audienceOf = (client: unknown): string => audiences[(client as IssuerClient).audience];
  const findClient = async (id: string): Promise<AdapterPayload | undefined> => {
    const client = await clients.find(id);
    return client?.active ? (metadataOf(client, parts.bindingRequired) as AdapterPayload) : undefined;
  };
  const configuration: Configuration = {
    adapter: openState({ postgres, usedOnce, findClient }),
    jwks: { keys: keys.secret as never },
    cookies: { keys: [parts.cookieSecret], long: { signed: true, sameSite: 'lax' }, short: { signed: true, sameSite: 'lax' } },
    clientAuthMethods: ['private_key_jwt', 'none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'PS256'],
      dPoPSigningAlgValues: ['ES256', 'PS256'],
      idTokenSigningAlgValues: ['ES256'],
    },
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    async assertJwtClientAuthClaimsAndHeader(_ctx, { iat, exp, aud }, header) {
      const now = Date.now() / 1000;
      const brief = typeof iat === 'number' && typeof exp === 'number' && exp - iat <= ASSERTION_LIFE_SECONDS && exp - now <= ASSERTION_LIFE_SECONDS;
      // A key that comes along, or lies somewhere else, is never looked at; that it is offered says enough.
      const pure = ['jwk', 'jku', 'x5u', 'x5c', 'crit'].every((name) => !(name in header));
      // Addresses follow the Host header, which whoever lured an assertion out of a client may choose; the issuer's name does not.
      const ours = [aud].flat().every((named) => named === parts.issuer);
      if (!brief || !pure || !ours) throw new errors.InvalidClientAuth('not an assertion of five minutes for this issuer');
    },
    responseTypes: ['code'],
    scopes: ['openid'],
    claims: { openid: ['sub'] },
    pkce: { required: () => true },
    extraClientMetadata: { properties: ['institution', 'audience', 'certificate'] },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate(ctx) {
          const found = parts.certificateOf(ctx.req);
          // Whose certificate it is has been registered: that of another client is as good as none.
          return found && found.thumbprint === ctx.oidc.client?.certificate ? found.pem : undefined;
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, client) => audienceOf(client),
        useGrantedResource: () => true,
        getResourceServerInfo(_ctx, resource, client) {
          if (resource !== audienceOf(client)) throw new errors.InvalidTarget();
          return { scope: SCOPE, audience: resource, accessTokenTTL: TOKEN_LIFE_SECONDS, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
        },
      },
    },
    ttl: {
      ClientCredentials: TOKEN_LIFE_SECONDS,
      AccessToken: TOKEN_LIFE_SECONDS,
      IdToken: TOKEN_LIFE_SECONDS,
      AuthorizationCode: 60,
      Interaction: INTERACTION_SECONDS,
      Session: SESSION_SECONDS,
      Grant: SESSION_SECONDS,
    },
    async extraTokenClaims(_ctx, token) {
      if (token.kind === 'ClientCredentials') return { actor: 'institution' };
      const account = await staff.findActive(String(token.accountId), null);
      if (!account) throw new errors.InvalidGrant('the account is gone');
      return { actor: 'staff', roles: [...account.roles], ...(account.provider === null ? {} : { provider: account.provider }) };
    },
    formats: {
      customizers: {
        jwt(_ctx, token, jwt) {
          if (token.kind === 'ClientCredentials') jwt.payload.sub = token.client?.institution;
        },
      },
    },
    async findAccount(ctx, login) {
      const account = await staff.findActive(login, ctx.oidc?.session?.loginTs ?? null);
      return account ? { accountId: account.login, claims: async () => ({ sub: account.login }) } : undefined;
    },
    /** Consoles are the platform's own: nobody is asked whether the platform may act for its staff. */
    async loadExistingGrant(ctx) {
      const { client, session } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId: client?.clientId as string, accountId: session?.accountId as string });
      grant.addOIDCScope('openid');
      grant.addResourceScope(audienceOf(client), SCOPE);
      await grant.save();
      return grant;
    },
    interactions: { url: (_ctx, { uid }) => `${ISSUER_PATH}/interaction/${uid}` },
    renderError(ctx, out) {
      ctx.type = 'text/html; charset=utf-8';
      ctx.set('content-security-policy', "default-src 'none'");
      const { error } = out;
      ctx.body = `<!doctype html><html lang="zh"><meta charset="utf-8"><title>登录 Sign in</title><p>请求无法受理 / The request cannot be taken: ${/^[a-z_]+$/.test(error) ? error : ''}</p></html>`;
    },
  };
  return new Provider(parts.issuer, configuration);
}

function metadataOf({ client, institution, audience, jwks, redirectUris, certificate }: IssuerClient, bindingRequired: boolean): ClientMetadata {
  return {
    client_id: client,
    audience,
    certificate,
    institution,
    redirect_uris: [...redirectUris],
    ...(institution === null ? { grant_types: ['authorization_code'], response_types: ['code'] } : { grant_types: ['client_credentials'], response_types: [] }),
    ...(jwks ? { token_endpoint_auth_method: 'private_key_jwt', jwks: jwks as never } : { token_endpoint_auth_method: 'none' }),
    tls_client_certificate_bound_access_tokens: certificate !== null,
    dpop_bound_access_tokens: bindingRequired && certificate === null,
  };
}
