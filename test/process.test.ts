// The built process, from outside: what it refuses to start with, what it prints, and how it stops. The simulator runs
// in the test's own process, so that a gate can hold reports and a test knows what is in flight.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';

import { SETTINGS } from '../src/config/settings/settings.js';
import { createGate } from './kit/gate.js';
import { TOKEN } from './kit/gateway.js';
import {
  ask,
  findUrl,
  gone,
  openConnection,
  openIdleConnection,
  startSimulator,
  useGatewayProcess,
  type Rows,
} from './kit/gateway-process.js';
import { startOtlpReceiver } from './kit/otlp.js';
import { ROOT, type Ended } from './kit/process.js';

const { start, runToEnd, startStack } = useGatewayProcess();

/** What one line says to a person: no stack, no source file. */
function expectRefusal({ code, signal, stdout, stderr }: Ended): void {
  expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' });
  expect(stderr).not.toMatch(/^\s+at |node:internal|\.js:\d/m);
}

describe('the start', () => {
  test('without SCALEOPS_URL stops with exit code 1 and says what to set', async () => {
    const ended = await runToEnd({ SCALEOPS_TOKEN: TOKEN });
    expectRefusal(ended);
    expect(ended.stderr).toBe(
      'The configuration is not valid:\n' +
        '  - SCALEOPS_URL is not set. Your ScaleOps host, such as `https://scaleops.example.com`. Required.\n',
    );
  });

  test('names all problems of the configuration in one message', async () => {
    const ended = await runToEnd({ PORT: '70000', GRAPHIQL: 'yes', CACHE_TTL_SECONDS: '-1', SCALEOPS_URL: 'ftp://x' });
    expectRefusal(ended);
    const problems = ended.stderr.match(/^ {2}- \w+/gm);
    expect(problems?.sort()).toEqual([
      '  - CACHE_TTL_SECONDS',
      '  - GRAPHIQL',
      '  - PORT',
      '  - SCALEOPS_TOKEN',
      '  - SCALEOPS_URL',
    ]);
  });

  // The value fits the rule of HOST, of SCALEOPS_TOKEN_FILE and of the paths: what follows must not repeat it either.
  test.each(Object.keys(SETTINGS))('with a secret in %s does not echo it', async (name) => {
    const { url } = await startSimulator();
    const secret = 'Hunter2-hunter2';
    const env = { SCALEOPS_URL: url, SCALEOPS_TOKEN: TOKEN, PORT: '0', LOG_LEVEL: 'trace', SCALEOPS_UNKNOWN: secret };
    const value = name.endsWith('_PATH') ? `/${secret}` : secret;
    const { SCALEOPS_TOKEN: _, ...withoutToken } = env;
    const running = start({ ...(name === 'SCALEOPS_TOKEN_FILE' ? withoutToken : env), [name]: value });
    const isListening = await running.line(/Gateway on/).then(
      (line) => line,
      () => undefined,
    );
    if (isListening !== undefined) {
      await ask(findUrl(isListening));
      running.kill('SIGTERM');
    }
    const { stdout, stderr } = await running.ended;
    expect(stdout + stderr).not.toBe('');
    expect(stdout + stderr).not.toMatch(/hunter2/i);
  });

  test('refuses an unknown option, and does not echo what may be a secret', async () => {
    const typo = await runToEnd({ PORT: '0' }, '--demoo');
    expectRefusal(typo);
    expect(typo.stderr).toContain(
      '--demoo is not an option; there are --check-config, --demo, --help, --print-schema, --version',
    );
    const secret = await runToEnd({ PORT: '0' }, '--token=hunter2');
    expectRefusal(secret);
    expect(secret.stderr).toContain('--token is not an option');
    expect(secret.stderr).not.toContain('hunter2');
    const word = await runToEnd({ PORT: '0' }, 'hunter2', '--demo');
    expectRefusal(word);
    expect(word.stderr).not.toContain('hunter2');
    const two = await runToEnd({}, '--version', '--help');
    expectRefusal(two);
    expect(two.stderr).toContain(
      '  - of --check-config, --demo, --help, --print-schema, --version there may be one at a time\n',
    );
  });

  test('on an occupied port says which one and what to do', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void occupant.close());
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const refusal = `Port ${port} is already in use. Set PORT to another one.\n`;
    for (const args of [[], ['--demo']]) {
      const ended = await runToEnd({ SCALEOPS_URL: 'http://x', SCALEOPS_TOKEN: TOKEN, PORT: `${port}` }, ...args);
      expectRefusal(ended);
      expect(ended.stderr).toBe(refusal);
    }
  });

  test('without a token in the token file stops, and names the setting', async () => {
    const ended = await runToEnd({ SCALEOPS_URL: 'http://x', SCALEOPS_TOKEN_FILE: '/nonexistent/file', PORT: '0' });
    expectRefusal(ended);
    expect(ended.stderr).toContain('  - SCALEOPS_TOKEN_FILE must name a file that can be read.\n');
  });

  test('warns about a misspelt name with the nearest one, and about names that Kubernetes injects', async () => {
    const names = { SCALEOPS_TOKN: 'hunter2', GATEWAY_SERVICE_HOST: '10.0.0.1', GATEWAY_PORT: 'tcp://10.0.0.1:80' };
    const { logLine, lines, url } = await startStack({}, names);
    const warning = await logLine(/SCALEOPS_TOKN/);
    expect(warning).toMatchObject({ level: 40 });
    expect(warning.msg).toMatch(/^SCALEOPS_TOKN is not a setting.*did you mean SCALEOPS_TOKEN\?$/);
    expect(await logLine(/GATEWAY_SERVICE_HOST/)).toMatchObject({ level: 40 });
    expect(lines.join('\n')).not.toContain('hunter2');
    expect((await ask(url)).status).toBe(200);
  });
});

describe('--check-config', () => {
  /** Whoever is asked anything over the network would be this one. */
  async function startWitness() {
    const connections: unknown[] = [];
    const server = createServer((socket) => connections.push(socket.destroy())).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return { connections, port: (server.address() as AddressInfo).port };
  }

  async function writeTokenFile(content: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-token-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'hunter2'), content);
    return join(folder, 'hunter2');
  }

  test('says that a configuration is valid, with its warnings, without asking anyone', async () => {
    const { connections, port } = await startWitness();
    const env = {
      SCALEOPS_URL: `http://127.0.0.1:${port}`,
      SCALEOPS_TOKEN_FILE: await writeTokenFile(`${TOKEN}\n`),
      CACHE_REDIS_URL: `redis://127.0.0.1:${port}`,
      // Taken, and no reason to complain: nobody listens.
      PORT: `${port}`,
    };
    const valid = await runToEnd(env, '--check-config');
    expect(valid).toMatchObject({ code: 0, signal: null, stderr: '' });
    // The figures are those of the machine: see test/config-memory.test.ts.
    expect(valid.stdout).toMatch(
      /^The configuration is valid\.\nMemory limits, derived from \d+ MiB:\n(?: {2}.+\n){4}$/,
    );
    const odd = { ...env, CACHE_TTL: 'hunter2', SCALEOPS_PASSWORD: 'hunter2' };
    const { code, stdout, stderr } = await runToEnd(odd, '--check-config');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      `${valid.stdout}Warnings:\n` +
        '  - CACHE_TTL is not a setting of the gateway; did you mean CACHE_TTL_SECONDS?\n' +
        '  - SCALEOPS_PASSWORD has no effect with SCALEOPS_AUTH=token.\n',
    );
    expect(connections).toEqual([]);
  });

  test('names every problem, also of the files, and the warnings, never a value, and ends with 1', async () => {
    const file = await writeTokenFile('hunter2 hunter2');
    const env = { SCALEOPS_TOKEN_FILE: file, SCALEOPS_URLL: 'hunter2', PORT: 'hunter2', GRAPHIQL: 'hunter2' };
    const ended = await runToEnd(env, '--check-config');
    expectRefusal(ended);
    expect(ended.stderr).toBe(
      'The configuration is not valid:\n' +
        `  - SCALEOPS_URL is not set. ${SETTINGS.SCALEOPS_URL.description}\n` +
        '  - SCALEOPS_TOKEN_FILE must name a file with a token: visible ASCII characters without spaces.\n' +
        '  - PORT must be a whole number from 0 to 65535.\n' +
        '  - GRAPHIQL must be on or off.\n' +
        'Warnings:\n' +
        '  - SCALEOPS_URLL is not a setting of the gateway; did you mean SCALEOPS_URL?\n',
    );
  });
});

describe('--version', () => {
  test('prints the version of package.json, without any setting', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await runToEnd({}, '--version')).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  });
});

describe('--print-schema', () => {
  test('prints schema/gateway.graphql, without any setting', async () => {
    const printed = await runToEnd({}, '--print-schema');
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toBe(await readFile(join(ROOT, 'schema/gateway.graphql'), 'utf8'));
  });
});

describe('--demo', () => {
  test('says first of all that the data is simulated, and where to look', async () => {
    const running = start({ PORT: '0' }, '--demo');
    await running.line(/http/);
    expect(running.lines[0]).toMatch(/SIMULATED.* http:\/\/127\.0\.0\.1:\d+\/graphql$/);
    const page = await fetch(running.lines[0]!.split(' ').at(-1)!, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('<title>ScaleOps costs</title>');
  });

  test('never calls a real ScaleOps, nor minds what its settings are', async () => {
    const real = await startSimulator();
    const settings = {
      SCALEOPS_URL: real.url,
      SCALEOPS_TOKEN: 'not a token',
      SCALEOPS_TOKEN_FILE: '/nonexistent/file',
      SCALEOPS_WORKLOADS_PATH: '/elsewhere',
      SCALEOPS_AGGREGATED_PATH: 'no path',
    };
    const running = start({ ...settings, PORT: '0' }, '--demo');
    const answer = await ask(findUrl(await running.line(/SIMULATED/)));
    const { data } = (await answer.json()) as Rows;
    expect(data.workloadCosts.rows.totalCount).toBeGreaterThan(50);
    running.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    expect(real.received).toEqual([]);
  });
});

describe('a running gateway', () => {
  test('logs an operation as one line of JSON: who asked what, how long it took, where the data came from', async () => {
    const { url, logLine } = await startStack();
    await (await ask(url, '7d', { 'x-request-id': 'first' })).text();
    expect(await logLine(/"first"/)).toMatchObject({
      requestId: 'first',
      operationName: 'Rows',
      status: 200,
      durationMs: expect.any(Number) as number,
      upstreamMs: expect.any(Number) as number,
      cache: { miss: 1 },
    });
    await (await ask(url, '7d', { 'x-request-id': 'second' })).text();
    const second = await logLine(/"second"/);
    expect(second).toMatchObject({ cache: { hit: 1 } });
    expect(JSON.stringify(second)).not.toContain('7d');
  });

  test('keeps the request id of its caller when that is sane, and replaces it when not', async () => {
    const { url, logLine } = await startStack();
    const idOf = async (given: string) =>
      (await ask(url, '7d', { 'x-request-id': given })).headers.get('x-request-id') ?? '';
    for (const sane of ['a', '4bf92f35-77b3.4da6:a3_c', 'x'.repeat(128)]) expect(await idOf(sane)).toBe(sane);
    for (const odd of ['', 'x'.repeat(129), 'a b', '{"a":1}', 'é', '<script>']) {
      const id = await idOf(odd);
      expect(id).toMatch(/^[\da-f-]{36}$/);
      expect(await logLine(new RegExp(id))).toMatchObject({ requestId: id });
    }
  });

  test('says that it is alive and ready, without asking ScaleOps', async () => {
    const { url, received } = await startStack();
    for (const what of ['live', 'ready']) {
      const answer = await fetch(`${url}/health/${what}`);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(await answer.json()).toEqual({ status: 'up' });
    }
    expect(received).toEqual([]);
  });
});

/** Whether a new connection is taken, and says it is not the place to go. */
const isTurnedAway = (url: string): Promise<boolean> =>
  fetch(`${url}/health/ready`).then(
    ({ status }) => status === 503,
    () => true,
  );

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('with requests in flight: answers every one of them in full, takes no new one, and ends with 0', async () => {
    const gate = createGate();
    const { url, kill, line, ended } = await startStack({ latency: gate.pass });
    const lasts = ['1d', '2d', '3d', '4d', '5d'];
    // One more, that waits for a report that another has asked for.
    const answers = [...lasts, '5d'].map((last) => ask(url, last));
    await gate.arrivals(lasts.length);
    const idle = await openIdleConnection(url);
    const idleClosed = gone(idle);
    kill(signal);
    await line(/stopping/);
    await idleClosed;
    expect(await isTurnedAway(url)).toBe(true);
    gate.open();
    for (const answer of await Promise.all(answers)) {
      expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
      const { data } = (await answer.json()) as Rows;
      expect(data.workloadCosts.rows.totalCount).toBe(50);
      expect(data.workloadCosts.rows.nodes).toHaveLength(50);
    }
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('"msg":"stopped"');
  });

  test('with nothing in flight ends at once, with 0', async () => {
    const { kill, ended } = await startStack();
    kill(signal);
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a stopping gateway', () => {
  test('does not wait for good for clients that have sent nothing, half a head or half a body', async () => {
    const { url, kill, ended } = await startStack();
    const head = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\n';
    const halfBody = 'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
    for (const sent of ['', head, head + halfBody]) await openConnection(url, sent);
    // A further connection, answered: by then the others have been accepted.
    await fetch(`${url}/health/live`);
    kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('does not wait for good for a client that does not read its answer', async () => {
    const { url, kill, line, ended } = await startStack({ workloads: 12_000 });
    // More than what the system's buffers take.
    const aliases = Array.from({ length: 24 }, (_, index) => `a${index}: id`).join(' ');
    const query = `{ workloadCosts(filter: { multiCluster: true }) { rows { nodes { ${aliases} } } } }`;
    const head = `GET /graphql?query=${encodeURIComponent(query)} HTTP/1.1\r\nHost: localhost\r\nX-Requested-With: test\r\n`;
    const socket = await openConnection(url, `${head}Accept: application/json\r\n\r\n`);
    socket.pause();
    await line(/"operation"/);
    kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    // What had been sent before it was cut off is not the whole answer.
    expect(socket.bytesRead).toBeLessThan(12_000 * 24 * 36);
  }, 60_000);
});

// Mutation: an exporter that goes on with its pauses, or with an answer that never ends.
describe.each(['hang', 503] as const)('a receiver of traces that answers with %s', (how) => {
  test('is waited for a moment by a gateway that stops, and holds it no longer', async () => {
    await using receiver = await startOtlpReceiver();
    receiver.answer(how);
    const { url, kill, ended } = await startStack({}, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect((await ask(url)).status).toBe(200);
    kill('SIGTERM');
    await receiver.arrivals(1);
    const arrivedAt = performance.now();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    // A second, and what a busy machine adds; the export itself would take ten.
    expect(performance.now() - arrivedAt).toBeLessThan(6_000);
    expect(receiver.spans.length).toBeGreaterThanOrEqual(3);
  });
});

describe('a second signal', () => {
  test.each([
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130],
    ['SIGINT', 'SIGINT', 130],
  ] as const)('(%s, then %s) ends the process without waiting', async (first, second, code) => {
    const gate = createGate();
    onTestFinished(gate.open);
    const { url, kill, line, ended } = await startStack({ latency: gate.pass });
    const answer = ask(url).catch(() => 'lost');
    await gate.arrivals(1);
    kill(first);
    await line(/stopping/);
    kill(second);
    expect(await ended).toMatchObject({ code, signal: null, stderr: '' });
    expect(await answer).toBe('lost');
  });
});
