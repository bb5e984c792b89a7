// What every response tells a browser: its type is right, no page may frame it, and there is nothing in it to run. The
// GraphiQL page has a policy of its own.

export const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** All but the policy, as names and values in turn. */
export const SECURITY_HEADERS: readonly string[] = [
  ...['cross-origin-resource-policy', 'same-origin'],
  ...['referrer-policy', 'no-referrer'],
  ...['x-content-type-options', 'nosniff'],
  ...['x-frame-options', 'DENY'],
];
