// The log as the process writes it: collected lines, some of which no logger has made.

import { pino } from 'pino';
import { describe, expect, test } from 'vitest';

import { ask, useGatewayProcess } from './kit/gateway-process.js';
import { startProcess } from './kit/process.js';

const { main, startStack } = useGatewayProcess();

describe('the lines of a process', () => {
  // Mutation: `msg` left out of a line that is made by hand.
  test('of an operation are like all others', async () => {
    const stack = await startStack();
    await ask(stack.url, '7d', { 'x-request-id': 'request-1' });
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

  // Mutations: `end` not set to 0 after a flush; no flush at the end of the process.
  test('are all there, whole and in order, at its end too', async () => {
    const stack = await startStack();
    const ids = Array.from({ length: 200 }, (_, index) => `request-${index}`);
    for (const id of ids) await ask(stack.url, '7d', { 'x-request-id': id });
    stack.kill('SIGTERM');
    const { stdout } = await stack.ended;
    const logged = stdout.split('\n').filter((line) => line.includes('"msg":"operation"'));
    expect(logged.map((line) => (JSON.parse(line) as { requestId: string }).requestId)).toEqual(ids);
  });

  // Mutation: no look at the level.
  test('of a level that is not logged are not written', async () => {
    const stack = await startStack({}, { LOG_LEVEL: 'warn' });
    await ask(stack.url);
    stack.kill('SIGTERM');
    const { stdout } = await stack.ended;
    expect(stdout).not.toContain('operation');
  });
});

describe('a line that is longer than what is collected', () => {
  // Mutation: into the buffer like any other, past whose end it is cut off.
  test('is written whole, after those before it', async () => {
    const log = new URL('log.js', `file://${main()}`).href;
    const script = `
      const { createLogger } = await import('${log}');
      const logger = createLogger({ level: 'info', onEnd: (flush) => process.on('exit', flush) });
      logger.info('before');
      logger.info('\u20ac'.repeat(50000));
      logger.infoFields(() => '"a":1', 'between');
      logger.info('after');`;
    const { stdout } = await startProcess([process.execPath, '--input-type=module', '--eval', script], { env: {} })
      .ended;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const own = { level: 30, time: expect.any(String) as string };
    expect(lines).toEqual([
      { ...own, msg: 'before' },
      { ...own, msg: '\u20ac'.repeat(50_000) },
      { ...own, a: 1, msg: 'between' },
      { ...own, msg: 'after' },
    ]);
  });
});
