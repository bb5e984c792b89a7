// The vendor's login as documented: a POST of credentials gets a 302, not to be followed, with a new URL-encoded token in
// Location. A refusal is a 302 to the login page: a client that checks only the status takes it for a success.

import type { SimulatedResponse } from '../http-response.js';
import type { ReceivedRequest } from '../received-request.js';

export type Login = ReturnType<typeof createLogin>;

export function createLogin(passwords: ReadonlyMap<string, string>, issueToken: (username: string) => string) {
  let granted = 0;
  let refused = 0;
  const refuse = (error: string): SimulatedResponse => {
    refused += 1;
    return redirect(`/login?error=${error}`);
  };
  return {
    /** Redirects with a token, or to the login page. */
    respond(request: ReceivedRequest): SimulatedResponse {
      // The server takes only objects.
      const { username, password } = request.body as Readonly<Record<string, unknown>>;
      const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
      if (!cookies.includes('auth_state=TOKEN')) return refuse('state');
      // An unknown user has no password, and a missing one must not match it.
      if (typeof username !== 'string' || password === undefined || passwords.get(username) !== password) {
        return refuse('credentials');
      }
      granted += 1;
      return redirect(`/?token=${encodeURIComponent(issueToken(username))}`);
    },
    /** Logins so far, by result. */
    counts: () => ({ granted, refused }),
  };
}

function redirect(location: string): SimulatedResponse {
  return { status: 302, headers: { location, 'content-type': 'text/html; charset=utf-8' }, text: [''].values() };
}
