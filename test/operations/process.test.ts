// The compiled process from outside: refused starts, options, signals and defects. Tests without a process are in
// test/config/config.test.ts, test/config/setting-secrets.test.ts and test/operations/shutdown.test.ts.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';

import { SETTINGS } from '../../src/config/settings/settings.js';
import { createGate } from '../kit/time/gate.js';
import { TOKEN } from '../kit/gateway.js';
import {
  send,
  findUrl,
  runToEnd,
  startMain,
  startProcessStack,
  startSimulator,
  type Rows,
} from '../kit/processes/gateway-process.js';
import { startOtlpReceiver } from '../kit/formats/otlp.js';
import { ROOT, type Ended } from '../kit/processes/process.js';
import { parseMetrics } from '../kit/formats/prometheus.js';

/** The message is for a person: no stack, no source file. */
function expectRefusal({ code, signal, stdout, stderr }: Ended): void {
  expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' });
  expect(stderr).not.toMatch(/^\s+at |node:internal|\.js:\d/m);
}

describe('a start', () => {
  test('without required settings names them all and exits with 1', async () => {
    const ended = await runToEnd({});
    expectRefusal(ended);
    expect(ended.stderr).toBe(
      'The configuration is not valid:\n' +
        `  - SCALEOPS_URL is not set. ${SETTINGS.SCALEOPS_URL.description}\n` +
        '  - SCALEOPS_TOKEN or SCALEOPS_TOKEN_FILE must be set with SCALEOPS_AUTH=token.\n',
    );
  });

  test('with an unknown option names it without its value', async () => {
    const ended = await runToEnd({ PORT: '0' }, '--token=hunter2');
    expectRefusal(ended);
    expect(ended.stderr).toBe(
      'The configuration is not valid:\n' +
        '  - --token is not an option; there are --check-config, --demo, --help, --print-schema, --version\n',
    );
  });

  test('with two options is refused', async () => {
    const ended = await runToEnd({ PORT: '0' }, '--help', '--version');
    expectRefusal(ended);
    expect(ended.stderr).toContain(
      'only one of --check-config, --demo, --help, --print-schema, --version can be given',
    );
  });

  test('on an occupied port names the port and what to do', async () => {
    const { port } = await occupyPort();
    const ended = await runToEnd({ SCALEOPS_URL: 'http://x', SCALEOPS_TOKEN: TOKEN, PORT: `${port}` });
    expectRefusal(ended);
    expect(ended.stderr).toBe(`Port ${port} is already in use. Set PORT to another one.\n`);
  });

  test('logs warnings about names that are no settings, without their values', async () => {
    const names = { GATEWAY_NAME: 'hunter2', GATEWAY_SERVICE_HOST: '10.0.0.1' };
    const { logLine, lines, url } = await startProcessStack({}, names);
    const warning = await logLine(/GATEWAY_NAME/);
    expect(warning.level).toBe(40);
    expect(warning.msg).toBe('GATEWAY_NAME is not a setting of the gateway.');
    expect(await logLine(/GATEWAY_SERVICE_HOST/)).toMatchObject({ level: 40 });
    expect(lines.join('\n')).not.toContain('hunter2');
    expect((await send(url)).status).toBe(200);
  });
});

/** An occupied port; `connections` counts connections to it. */
async function occupyPort() {
  const connections: unknown[] = [];
  const server = createServer((socket) => connections.push(socket.destroy())).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { connections, port: (server.address() as AddressInfo).port };
}

describe('--check-config', () => {
  async function writeTokenFile(content: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-token-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'hunter2'), content);
    return join(folder, 'hunter2');
  }

  test('exits with 0 and prints the warnings of a valid configuration, without any connection', async () => {
    const { connections, port } = await occupyPort();
    const env = {
      SCALEOPS_URL: `http://127.0.0.1:${port}`,
      SCALEOPS_TOKEN_FILE: await writeTokenFile(`${TOKEN}\n`),
      CACHE_REDIS_URL: `redis://127.0.0.1:${port}`,
      // Occupied, which does not matter: the check does not listen.
      PORT: `${port}`,
      CACHE_DIR: 'hunter2',
      SCALEOPS_PASSWORD: 'hunter2',
    };
    const { stdout, ...rest } = await runToEnd(env, '--check-config');
    expect(rest).toEqual({ code: 0, signal: null, stderr: '' });
    const [before = '', after] = stdout.split('Warnings:\n');
    // The figures depend on the machine; test/config/memory.test.ts tests them.
    expect(before).toMatch(
      /^The configuration is valid\.\nSettings in effect[^]+\nMemory limits, derived from \d+ MiB:\n(?: {2}.+\n){4}$/,
    );
    expect(before).toContain('  * SCALEOPS_PASSWORD is set\n');
    expect(after).toBe(
      '  - CACHE_DIR is not a setting of the gateway.\n' +
        '  - SCALEOPS_PASSWORD has no effect without SCALEOPS_AUTH=login.\n',
    );
    // The path of the token file contains this word, too.
    expect(before.replace(env.SCALEOPS_TOKEN_FILE, '')).not.toMatch(new RegExp(`hunter2|${TOKEN}`));
    expect(connections).toEqual([]);
  });

  test('exits with 1 and names every problem and warning, without a value', async () => {
    const file = await writeTokenFile('hunter2 hunter2');
    const wrong = { SCALEOPS_URLL: 'hunter2', CACHE_DIR: 'hunter2', PORT: 'hunter2', GRAPHIQL: 'hunter2' };
    const env = { SCALEOPS_TOKEN_FILE: file, ...wrong };
    const ended = await runToEnd(env, '--check-config');
    expectRefusal(ended);
    expect(ended.stderr).toBe(
      'The configuration is not valid:\n' +
        '  - SCALEOPS_URLL is not a setting of the gateway; did you mean SCALEOPS_URL?\n' +
        `  - SCALEOPS_URL is not set. ${SETTINGS.SCALEOPS_URL.description}\n` +
        '  - SCALEOPS_TOKEN_FILE must name a file with a token: visible ASCII characters without spaces.\n' +
        '  - PORT must be a whole number from 0 to 65535.\n' +
        '  - GRAPHIQL must be on or off.\n' +
        'Warnings:\n' +
        '  - CACHE_DIR is not a setting of the gateway.\n',
    );
  });
});

describe('an option that needs no setting', () => {
  test('--version prints the version of package.json', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await runToEnd({}, '--version')).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  });

  test('--help prints all settings, and --help NAME one', async () => {
    const all = await runToEnd({}, '--help');
    expect(all).toMatchObject({ code: 0, stderr: '' });
    for (const name of Object.keys(SETTINGS)) expect(all.stdout).toMatch(new RegExp(`^${name}\\b`, 'm'));
    const one = await runToEnd({}, '--help', 'port');
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(one.stdout).toMatch(/^PORT\n/);
    const none = await runToEnd({}, '--help', 'PORTT');
    expectRefusal(none);
    expect(none.stderr).toContain('PORTT is not a setting of the gateway; did you mean PORT?');
  });

  test('--print-schema prints schema/gateway.graphql', async () => {
    const printed = await runToEnd({}, '--print-schema');
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toBe(await readFile(join(ROOT, 'schema/gateway.graphql'), 'utf8'));
  });
});

test('--demo says that its data is simulated, and never calls a real ScaleOps', async () => {
  const real = await startSimulator();
  const settings = { SCALEOPS_URL: real.url, SCALEOPS_TOKEN: 'not a token', SCALEOPS_TOKEN_FILE: '/nonexistent/file' };
  const running = startMain({ ...settings, PORT: '0' }, '--demo');
  const first = await running.line(/http/);
  expect(running.lines[0]).toMatch(/SIMULATED.* http:\/\/127\.0\.0\.1:\d+\/graphql$/);
  const page = await fetch(first.split(' ').at(-1)!, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('<title>ScaleOps costs</title>');
  const { data } = (await (await send(findUrl(first))).json()) as Rows;
  expect(data.workloadCosts.rows.totalCount).toBeGreaterThan(50);
  running.kill('SIGINT');
  expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
  expect(real.received).toEqual([]);
});

describe('a signal', () => {
  // Mutation: main.ts waits for exports of traces.
  test('ends the process although the receiver of traces does not respond', async () => {
    await using receiver = await startOtlpReceiver();
    receiver.respond('hang');
    const { url, kill, ended } = await startProcessStack({}, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect((await send(url)).status).toBe(200);
    kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(receiver.spans.length).toBeGreaterThanOrEqual(3);
  });

  test('ends the process on its second arrival, without waiting for requests', async () => {
    const gate = createGate();
    onTestFinished(gate.open);
    const { url, kill, line, ended } = await startProcessStack({ latency: gate.pass });
    const pending = send(url).catch(() => 'lost');
    await gate.arrivals(1);
    kill('SIGTERM');
    await line(/stopping/);
    kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null, stderr: '' });
    expect(await pending).toBe('lost');
  });
});

describe('a defect outside of any request', () => {
  /** Runs in the process before the gateway. */
  const preload = (code: string) => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` });

  test('that is a rejection is logged with its frames and counted, and the gateway continues', async () => {
    const code = `process.on('SIGUSR2', () => { Promise.reject(new TypeError('can' + 'ary')); });`;
    const { url, kill, logLine, lines } = await startProcessStack({}, preload(code));
    kill('SIGUSR2');
    expect(await logLine(/unexpected error/)).toMatchObject({
      level: 50,
      origin: 'unhandledRejection',
      error: { name: 'TypeError', frames: expect.arrayContaining([expect.stringMatching(/^\s+at /)]) as string[] },
    });
    const metrics = parseMetrics(await (await fetch(`${url}/metrics`)).text());
    expect(metrics.value('gateway_uncaught_errors_total', { origin: 'unhandledRejection' })).toBe(1);
    expect((await send(url)).status).toBe(200);
    expect(lines.join('\n')).not.toContain('canary');
  });

  test('that is an exception is logged with its frames, and ends the process with 1 after the requests', async () => {
    const gate = createGate();
    const code = `process.on('SIGUSR2', () => { throw new TypeError('can' + 'ary'); });`;
    const { url, kill, logLine, ended } = await startProcessStack({ latency: gate.pass }, preload(code));
    const pending = send(url);
    await gate.arrivals(1);
    kill('SIGUSR2');
    expect(await logLine(/unexpected error/)).toMatchObject({
      level: 50,
      origin: 'uncaughtException',
      error: { name: 'TypeError', frames: expect.arrayContaining([expect.stringMatching(/^\s+at /)]) as string[] },
    });
    gate.open();
    expect((await pending).status).toBe(200);
    const { code: exitCode, stdout, stderr } = await ended;
    expect([exitCode, stderr]).toEqual([1, '']);
    expect(stdout).not.toContain('canary');
  });
});
