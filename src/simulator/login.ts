// The vendor's login, as its page on authentication has it: credentials in, and a redirect out that is not meant to be
// followed, whose Location carries the token, URL-encoded. Whoever is not let in is sent back to the login page, also
// with a 302: a client that only looks at the status takes that for a success.

import type { Answer } from './answers.js';
import type { ReceivedRequest } from './simulator.js';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly token: string;
}

/** A redirect with the token in it, or one to the login page. */
export function answerLogin(request: ReceivedRequest, credentials: Credentials): Answer {
  const { username, password } = toFields(request.body);
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  if (!cookies.includes('auth_state=TOKEN')) return redirect('/login?error=state');
  if (username !== credentials.username || password !== credentials.password)
    return redirect('/login?error=credentials');
  return redirect(`/?token=${encodeURIComponent(credentials.token)}`);
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
