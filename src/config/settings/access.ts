// The settings of who may come in, and of what they may see.

import type { Setting } from './setting.js';
import { boolean, list, number, oneOf, text, urlWithQuery } from './rules.js';

const fine = true;

/** Those with a pair of keys: a secret that both sides know would let the gateway make tokens, too. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

export const ACCESS_SETTINGS = {
  GATEWAY_AUTH: {
    ...oneOf('none', 'api-key', 'jwt', 'forward'),
    meaning:
      'Who may ask: `none` lets anyone, or whoever has an `api-key` or a `jwt`. Left out, it is `forward` with SCALEOPS_AUTH=forward; else the gateway listens on 127.0.0.1 only.',
  },
  GATEWAY_API_KEYS: {
    ...text,
    meaning: 'For api-key: `name:key`, several by commas; sent as `x-api-key` or `authorization: Bearer`.',
  },
  GATEWAY_API_KEYS_FILE: { ...text, fine, meaning: 'For api-key: a file with them, one a line, read at the start.' },
  GATEWAY_JWT_ISSUER: { ...text, fine, meaning: 'For jwt: the issuer (`iss`), exactly.' },
  GATEWAY_JWT_AUDIENCE: {
    ...list('audiences', /^\S+$/),
    fine,
    meaning: 'For jwt: the audience (`aud`), or several by commas of which a token needs one.',
  },
  GATEWAY_JWT_JWKS_URL: { ...urlWithQuery, fine, meaning: 'For jwt: where the issuer publishes its keys (JWKS).' },
  GATEWAY_JWT_ALGORITHMS: {
    ...list(`algorithms among ${ALGORITHMS.join(', ')}`, new RegExp(`^(?:${ALGORITHMS.join('|')})$`)),
    default: 'RS256,PS256,ES256,EdDSA',
    fine,
    meaning: 'For jwt: the algorithms that are taken, by commas.',
  },
  GATEWAY_JWT_CLOCK_SKEW_SECONDS: {
    ...number(0, 600),
    default: '30',
    fine,
    meaning: "For jwt: how far the issuer's clock may be off, in seconds.",
  },
  GATEWAY_SCOPES: {
    ...text,
    meaning:
      'A JSON file of who may see which clusters and namespaces, read at the start; left out, everyone sees everything.',
  },
  GATEWAY_TRUSTED_DOCUMENTS: {
    ...text,
    fine,
    meaning:
      'A JSON file of the only operations that may be run, by id: of GraphQL Code Generator or an Apollo manifest. Routers need a gateway without it.',
  },
  GATEWAY_APQ: {
    ...boolean,
    default: 'on',
    fine,
    meaning:
      "Whether clients may send an operation's hash in its place (Apollo's automatic persisted queries): on or off.",
  },
  GATEWAY_SCOPES_CLAIM: {
    ...text,
    default: 'groups',
    fine,
    meaning: 'For jwt: the claim whose values `claims` in GATEWAY_SCOPES names; a path with dots into objects.',
  },
} as const satisfies Record<string, Setting<unknown>>;
