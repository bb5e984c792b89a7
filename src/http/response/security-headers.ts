// Security headers of every response: no sniffing of its type, no framing, no scripts. The GraphiQL page has its own policy.

export const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** All but the policy: names and values, alternating. */
export const SECURITY_HEADERS: readonly string[] = [
  ...['cross-origin-resource-policy', 'same-origin'],
  ...['referrer-policy', 'no-referrer'],
  ...['x-content-type-options', 'nosniff'],
  ...['x-frame-options', 'DENY'],
];
