// When a JWT expires. The token is not verified: ScaleOps does that.

/** The `exp` claim in milliseconds since the Unix epoch (RFC 7519, section 4.1.4); undefined if there is none. */
export function parseExpiry(token: string): number | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp?: unknown };
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
