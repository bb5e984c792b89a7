// The settings of authentication and permissions.

import { boolean, list, number, oneOf, text, urlWithQuery, type Setting } from './rules.js';

/** Asymmetric algorithms only: with a shared secret, the gateway itself could issue tokens. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

export const ACCESS_SETTINGS = {
  GATEWAY_AUTH: {
    ...oneOf('none', 'api-key', 'jwt', 'forward'),
    common: true,
    description:
      'How callers authenticate: `none`, `api-key`, `jwt`, or `forward`, which needs SCALEOPS_AUTH=forward and is then the default. Without it the gateway listens on 127.0.0.1 only.',
  },
  GATEWAY_API_KEYS: {
    ...text,
    secret: true,
    common: true,
    description:
      'For api-key: `name:key`, several separated by commas. Callers send `x-api-key` or `authorization: Bearer`.',
  },
  GATEWAY_API_KEYS_FILE: {
    ...text,
    description: 'For api-key: a file with one `name:key` per line, read at the start.',
  },
  GATEWAY_JWT_ISSUER: { ...text, description: 'For jwt: the exact issuer (`iss`).' },
  GATEWAY_JWT_AUDIENCE: {
    ...list('audiences', (item) => /^\S+$/.test(item)),
    description: 'For jwt: the audience (`aud`). A token needs one of several, separated by commas.',
  },
  GATEWAY_JWT_JWKS_URL: { ...urlWithQuery, description: "For jwt: the URL of the issuer's keys (JWKS)." },
  GATEWAY_JWT_ALGORITHMS: {
    ...list(`algorithms among ${ALGORITHMS.join(', ')}`, (item) => ALGORITHMS.includes(item)),
    default: 'RS256,PS256,ES256,EdDSA',
    description: 'For jwt: the accepted signature algorithms, separated by commas.',
  },
  GATEWAY_JWT_CLOCK_SKEW_SECONDS: {
    ...number({ min: 0, max: 600, default: 30 }),
    description: "For jwt: the tolerated difference from the issuer's clock, in seconds.",
  },
  GATEWAY_SCOPES: {
    ...text,
    common: true,
    description:
      'A JSON file with the clusters and namespaces that each caller may see, read at the start. Without it every caller sees everything.',
  },
  GATEWAY_TRUSTED_DOCUMENTS: {
    ...text,
    description:
      'A JSON file with the only operations that may run, by id: from GraphQL Code Generator, or an Apollo manifest. Federation routers cannot use a gateway with it.',
  },
  GATEWAY_APQ: {
    ...boolean('on'),
    description:
      "Whether clients may send the hash of an operation instead of its text (Apollo's automatic persisted queries): on or off.",
  },
  GATEWAY_SCOPES_CLAIM: {
    ...text,
    default: 'groups',
    description:
      'For jwt: the claim that `claims` in GATEWAY_SCOPES refers to; dots for nested claims, such as `realm.groups`.',
  },
} as const satisfies Record<string, Setting<unknown>>;
