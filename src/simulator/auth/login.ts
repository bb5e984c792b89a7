// The vendor's login as its documentation describes it: POST credentials, get a 302 that is not to be followed, whose
// Location carries a new URL-encoded token. A refusal is a 302 to the login page, which a client that looks only at the
// status takes for a success.

import type { SimulatedResponse } from '../http-response.js';
import type { ReceivedRequest } from '../received-request.js';

/** Logins so far, by result. */
export interface LoginCounts {
  readonly granted: number;
  readonly refused: number;
}

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
      // An unknown user and a missing password are both undefined, which is no match.
      if (typeof username !== 'string' || password === undefined || passwords.get(username) !== password) {
        return refuse('credentials');
      }
      granted += 1;
      return redirect(`/?token=${encodeURIComponent(issueToken(username))}`);
    },
    /** As of now. */
    counts: (): LoginCounts => ({ granted, refused }),
  };
}

function redirect(location: string): SimulatedResponse {
  return { status: 302, headers: { location, 'content-type': 'text/html; charset=utf-8' }, text: [''].values() };
}
