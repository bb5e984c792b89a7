// The log of the process.

import { pino, type Logger } from 'pino';
import { describe, expect, test } from 'vitest';

import { toReadableLine } from '../../src/telemetry/readable-line.js';
import { send, startMain, startProcessStack } from '../kit/processes/gateway-process.js';

describe('the log of a process', () => {
  test.each(['info', 'silent'])('starts with a line that the gateway listens, at level %s too', async (LOG_LEVEL) => {
    const { url, lines } = await startProcessStack({}, { LOG_LEVEL });
    expect(JSON.parse(lines[0]!)).toEqual({
      level: pino.levels.values.info,
      time: expect.any(String) as string,
      url,
      msg: 'listening',
    });
  });

  test('starts with a readable line at a terminal', async () => {
    const terminal = `--import=data:text/javascript,${encodeURIComponent('process.stdout.isTTY = true')}`;
    const env = { SCALEOPS_URL: 'http://127.0.0.1:1', SCALEOPS_TOKEN: 'token', PORT: '0', NODE_OPTIONS: terminal };
    const { line, lines } = startMain(env);
    await line(/^Gateway on http:\/\/127\.0\.0\.1:\d+$/);
    expect(lines).toHaveLength(1);
  });

  test('has one line of JSON per operation', async () => {
    const stack = await startProcessStack();
    await send(stack.url, '7d', { 'x-request-id': 'request-1' });
    const line = await stack.logLine(/"requestId":"request-1"/);
    expect(line).toEqual({
      level: pino.levels.values.info,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      requestId: 'request-1',
      operationName: 'Rows',
      status: 200,
      durationMs: expect.any(Number) as number,
      cache: { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 1 },
      upstreamMs: expect.any(Number) as number,
      msg: 'operation',
    });
  });

  // Mutation: no flush at the end of the process.
  test('is complete and in order when the process has ended', async () => {
    const stack = await startProcessStack();
    const ids = Array.from({ length: 200 }, (_, index) => `request-${index}`);
    for (const id of ids) await send(stack.url, '7d', { 'x-request-id': id });
    stack.kill('SIGTERM');
    const { stdout } = await stack.ended;
    const logged = stdout.split('\n').filter((line) => line.includes('"msg":"operation"'));
    expect(logged.map((line) => (JSON.parse(line) as { requestId: string }).requestId)).toEqual(ids);
  });

  test('has no lines below its level', async () => {
    const stack = await startProcessStack({}, { LOG_LEVEL: 'warn' });
    await send(stack.url);
    stack.kill('SIGTERM');
    const { stdout } = await stack.ended;
    expect(stdout).not.toContain('operation');
  });
});

describe('the log at a terminal', () => {
  /** The readable form of a line that pino writes. */
  function read(write: (logger: Logger) => void): string {
    let text = '';
    const timestamp = () => ',"time":"2026-11-30T22:38:41.287Z"';
    write(pino({ base: null, timestamp }, { write: (line: string) => (text += toReadableLine(line)) }));
    return text;
  }
  const operation = { requestId: 'request-1', operationName: 'Teams', status: 200, durationMs: 412.4 };
  const nothing = { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 0 };

  test.each([
    [{ cache: { ...nothing, miss: 2 }, upstreamMs: 400.2 }, '2 from ScaleOps (400 ms)'],
    [{ cache: { ...nothing, hit: 1, stale: 1 } }, '1 from cache, 1 from cache, stale'],
    [{ cache: nothing, responseCacheHit: true }, 'response from cache'],
    [{ errorCodes: ['UPSTREAM_NOT_FOUND'], errorReasons: ['HTTP 404'] }, 'UPSTREAM_NOT_FOUND, HTTP 404'],
    [{ cache: nothing, caller: 'dashboard', clientClosed: true }, 'caller dashboard, client closed'],
  ])('has one line for an operation with %j', (fields, end) => {
    const line = read((logger) => {
      logger.info({ ...operation, ...fields }, 'operation');
    });
    expect(line).toBe(`22:38:41 Teams                200    412 ms  ${end}\n`);
  });

  test('shows the fields of other lines, and their level unless it is info', () => {
    const lines = read((logger) => {
      logger.warn({ count: 2, code: 'SKIPPED_ROW' }, 'report warning');
      logger.info({ reasons: [] }, 'ready');
    });
    expect(lines).toBe('22:38:41 WARN: report warning count=2 code=SKIPPED_ROW\n22:38:41 ready\n');
  });

  // Mutation: control characters stay.
  test('cannot be forged by the name of a caller', () => {
    const line = read((logger) => {
      logger.info({ ...operation, caller: 'eve\u001b[2J\nforged\u009b' }, 'operation');
    });
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
  });
});
