// The test kit's Azure AD: it issues a token for exactly the documented request, and each of its faults matches its
// name. Tests of the gateway rely on both.

import { createConnection } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CANARY } from '../kit/upstream/fault-server.js';
import { createGate } from '../kit/time/gate.js';
import { CLIENT_ID, CLIENT_SECRET, startIdentity, TENANT, type Identity } from '../kit/identity/azure.js';

const PATH = `/${TENANT}/oauth2/token`;
const FORM = {
  grant_type: 'client_credentials',
  client_id: CLIENT_ID,
  client_secret: CLIENT_SECRET,
  scope: 'https://graph.microsoft.com/.default',
};
const FORM_TYPE = 'application/x-www-form-urlencoded';
const TEXT = new URLSearchParams(FORM).toString();

let identity: Identity;
beforeEach(async () => {
  identity = await startIdentity();
});
afterEach(() => identity[Symbol.asyncDispose]());

function send(form: Record<string, string> = FORM, init: RequestInit = {}, path = PATH, url = identity.url) {
  return fetch(url + path, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual', ...init });
}

describe('the token endpoint', () => {
  it('issues a new token for each valid request', async () => {
    const responses = await Promise.all([await send(), await send()].map((response) => response.json()));
    const both = { token_type: 'Bearer', expires_in: 3599 };
    expect(responses).toEqual([
      { ...both, access_token: 'identity-token-1' },
      { ...both, access_token: 'identity-token-2' },
    ]);
    expect(identity.issued).toEqual(['identity-token-1', 'identity-token-2']);
    expect(identity.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([`POST ${PATH}`, `POST ${PATH}`]);
    expect(Object.fromEntries(new URLSearchParams(identity.requests[0]!.body))).toEqual(FORM);
  });

  it('has the tenant, client, token and expiry text of its options', async () => {
    await using other = await startIdentity({
      tenant: 'contoso one',
      clientId: 'id',
      clientSecret: 's',
      expiresIn: '60',
      issue: () => 'chosen',
    });
    const form = { ...FORM, client_id: 'id', client_secret: 's' };
    const response = await send(form, {}, '/contoso%20one/oauth2/token', other.url);
    expect(await response.json()).toEqual({ token_type: 'Bearer', expires_in: '60', access_token: 'chosen' });
    const statuses = [
      (await send(FORM, {}, '/contoso%20one/oauth2/token', other.url)).status,
      (await send(form, {}, PATH, other.url)).status,
      (await send(form)).status,
    ];
    expect([statuses, other.issued, identity.issued]).toEqual([[400, 404, 400], ['chosen'], []]);
  });

  const without = (name: keyof typeof FORM) => {
    const { [name]: _, ...rest } = FORM;
    return new URLSearchParams(rest);
  };
  const twice = new URLSearchParams([...Object.entries(FORM), ['client_id', CLIENT_ID]]);
  const typed = (type: string, body = TEXT) => ({ headers: { 'content-type': type }, body });
  // An unescaped plus is a blank.
  const unescaped = TEXT.replace('%2B', '+');

  it.each<[string, number, string, RequestInit, string?]>([
    ['no grant type', 400, 'invalid_request', { body: without('grant_type') }],
    ['no client', 400, 'invalid_request', { body: without('client_id') }],
    ['no secret', 400, 'invalid_request', { body: without('client_secret') }],
    ['no scope', 400, 'invalid_request', { body: without('scope') }],
    ['no body', 400, 'invalid_request', { body: new URLSearchParams() }],
    ['another grant', 400, 'invalid_request', { body: new URLSearchParams({ ...FORM, grant_type: 'password' }) }],
    ['another client', 400, 'invalid_request', { body: new URLSearchParams({ ...FORM, client_id: 'x' }) }],
    ['another scope', 400, 'invalid_request', { body: new URLSearchParams({ ...FORM, scope: 'openid' }) }],
    ['an empty secret', 400, 'invalid_request', { body: new URLSearchParams({ ...FORM, client_secret: '' }) }],
    ['an unknown field', 400, 'invalid_request', { body: new URLSearchParams({ ...FORM, resource: 'x' }) }],
    ['a field twice', 400, 'invalid_request', { body: twice }],
    ['JSON', 400, 'invalid_request', typed('application/json', JSON.stringify(FORM))],
    ['a form with another content type', 400, 'invalid_request', typed('text/plain')],
    ['a form with a similar content type', 400, 'invalid_request', typed('application/x-www-form-urlencoded-2')],
    ['a second way of authentication', 400, 'invalid_request', { headers: { authorization: 'Basic eDp5' } }],
    ['a query string', 400, 'invalid_request', {}, `${PATH}?client_id=${CLIENT_ID}`],
    ['another secret', 401, 'invalid_client', { body: new URLSearchParams({ ...FORM, client_secret: 'x' }) }],
    ['a secret that is not escaped', 401, 'invalid_client', typed(FORM_TYPE, unescaped)],
    ['another method', 405, 'invalid_request', { method: 'PUT' }],
    ['another tenant', 404, 'not_found', {}, '/common/oauth2/token'],
    ['another version', 404, 'not_found', {}, `/${TENANT}/oauth2/v2.0/token`],
    ['a path that is too long', 404, 'not_found', {}, `${PATH}/`],
  ])('issues no token for %s', async (_, status, error, init, path) => {
    const response = await send(FORM, init, path);
    const reply = (await response.json()) as object;
    expect([response.status, reply]).toMatchObject([status, { error }]);
    expect(JSON.stringify(reply)).toContain(CANARY);
    expect([identity.requests.length, identity.issued]).toEqual([1, []]);
  });

  it.each([FORM_TYPE, 'Application/X-WWW-Form-Urlencoded; charset=UTF-8'])('accepts %s as a form', async (type) => {
    expect((await send(FORM, typed(type))).status).toBe(200);
  });

  it('holds every response until the gate opens', async () => {
    const gate = createGate();
    await using held = await startIdentity({ latency: gate.pass });
    let answered = 0;
    const responses = ['right', 'wrong'].map((each) =>
      send(each === 'right' ? FORM : {}, {}, PATH, held.url).finally(() => (answered += 1)),
    );
    await Promise.all([gate.arrivals(2), held.arrivals(2)]);
    // A later request without the gate proves that the held ones had enough time.
    await send();
    expect([answered, held.requests.length, held.issued]).toEqual([0, 2, []]);
    gate.open();
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 400]);
    expect(held.issued).toHaveLength(1);
  });
});

describe('a fault', () => {
  it('can be a status with a body and headers', async () => {
    identity.fail(503);
    const plain = await send();
    expect([plain.status, await plain.json()]).toMatchObject([503, { error: 'server_error' }]);
    identity.fail(429, { error: 'slow_down' }, { 'retry-after': '7' });
    const chosen = await send();
    expect([chosen.status, chosen.headers.get('retry-after'), await chosen.text()]).toEqual([
      429,
      '7',
      '{"error":"slow_down"}',
    ]);
    identity.fail(200, '{"access_token":');
    const cut = await send();
    expect([cut.headers.get('content-type'), await cut.text()]).toEqual([
      'application/json; charset=utf-8',
      '{"access_token":',
    ]);
    expect(identity.issued).toEqual([]);
  });

  it('can be silence until the client disconnects', async () => {
    identity.hang();
    const abort = new AbortController();
    const hung = send(FORM, { signal: abort.signal });
    await identity.arrivals(1);
    identity.recover();
    expect((await send()).status).toBe(200);
    abort.abort();
    await expect(hung).rejects.toThrow('aborted');
    await identity.requests[0]!.closed;
    expect(identity.issued).toHaveLength(1);
  });

  it('can be a reset connection', async () => {
    identity.reset();
    const code = await send().then(
      () => 'answered',
      (error: unknown) => ((error as Error).cause as NodeJS.ErrnoException).code,
    );
    expect([code, identity.requests.length, identity.issued]).toEqual(['ECONNRESET', 1, []]);
  });

  it('can be a redirect, and the next request is recorded', async () => {
    identity.redirect();
    const found = await send();
    expect([found.status, found.headers.get('location')]).toEqual([302, `${identity.url}/${CANARY}-in-location`]);
    identity.redirect(307);
    expect((await send(FORM, { redirect: 'follow' })).status).toBe(404);
    expect(identity.requests.map(({ path }) => path)).toEqual([PATH, PATH, `/${CANARY}-in-location`]);
    expect(identity.requests[2]!.body).toBe(TEXT);
    identity.redirect(301, 'https://elsewhere.invalid/');
    expect((await send()).headers.get('location')).toBe('https://elsewhere.invalid/');
    expect(identity.issued).toEqual([]);
  });

  it('can be a page instead of JSON', async () => {
    identity.html();
    const response = await send();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await response.text()).toMatch(new RegExp(`^<!doctype html>.*${CANARY}`));
    expect(identity.issued).toEqual([]);
  });

  it('can be a response without a token', async () => {
    identity.omitToken();
    const response = await send();
    const reply: unknown = await response.json();
    expect([response.status, reply]).toMatchObject([200, { token_type: 'Bearer', expires_in: 3599 }]);
    expect(reply).not.toHaveProperty('access_token');
    expect(identity.issued).toEqual([]);
  });

  it('does not hide an invalid request, and ends when the server recovers', async () => {
    identity.fail(503);
    expect((await send({})).status).toBe(400);
    expect((await send()).status).toBe(503);
    identity.recover();
    expect((await send()).status).toBe(200);
    expect([identity.requests.length, identity.issued]).toEqual([3, ['identity-token-1']]);
  });
});

describe('the server', () => {
  it('does not count a client that disconnects in the middle of a request', async () => {
    const socket = createConnection(Number(new URL(identity.url).port), '127.0.0.1');
    const continued = new Promise((resolve) => socket.once('data', resolve));
    // The server sends 100 Continue once it has read the head.
    socket.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\ngrant`);
    await continued;
    socket.destroy();
    await send();
    expect(identity.requests).toHaveLength(1);
  });

  it('closes open connections when it is closed, and can be closed twice', async () => {
    identity.hang();
    const hung = expect(send()).rejects.toThrow('fetch failed');
    await identity.arrivals(1);
    await identity[Symbol.asyncDispose]();
    await identity[Symbol.asyncDispose]();
    await hung;
    await expect(send()).rejects.toThrow('fetch failed');
  });
});
