// The vendor's login, as its page on authentication has it: credentials in, and a redirect out that is not meant to be
// followed, whose Location carries a new token, URL-encoded. Whoever is not let in is sent back to the login page, also
// with a 302: a client that only looks at the status takes that for a success.

import type { Answer } from './answers.js';
import type { ReceivedRequest } from './simulator.js';

/** How many were let in, and how many were sent back to the login page. */
export interface LoginCounts {
  readonly granted: number;
  readonly refused: number;
}

export interface Login {
  /** A redirect with a token in it, or one to the login page. */
  answer(request: ReceivedRequest): Answer;
  /** As of now. */
  counts(): LoginCounts;
}

export function createLogin(passwords: ReadonlyMap<string, string>, issueToken: (username: string) => string): Login {
  let granted = 0;
  let refused = 0;
  const refuse = (error: string): Answer => {
    refused += 1;
    return redirect(`/login?error=${error}`);
  };
  return {
    answer(request) {
      const { username, password } = toFields(request.body);
      const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
      if (!cookies.includes('auth_state=TOKEN')) return refuse('state');
      // A name that nobody has, and no password, are both undefined: that is no match.
      if (typeof username !== 'string' || password === undefined || passwords.get(username) !== password) {
        return refuse('credentials');
      }
      granted += 1;
      return redirect(`/?token=${encodeURIComponent(issueToken(username))}`);
    },
    counts: () => ({ granted, refused }),
  };
}

function toFields(body: unknown): Readonly<Record<'username' | 'password', unknown>> {
  if (typeof body !== 'object' || body === null) return { username: undefined, password: undefined };
  return {
    username: 'username' in body ? body.username : undefined,
    password: 'password' in body ? body.password : undefined,
  };
}

function redirect(location: string): Answer {
  return { status: 302, headers: { location, 'content-type': 'text/html; charset=utf-8' }, text: [''].values() };
}
