// A secret in the wrong setting: no start-up error, log line, metric or response of the gateway repeats it.

import { expect, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/settings/reader.js';
import { explainProblems } from '../../src/config/settings/help.js';
import { SETTINGS } from '../../src/config/settings/settings.js';
import { startGateway, TOKEN } from '../kit/gateway.js';
import { startSimulator } from '../kit/processes/gateway-process.js';

const SECRET = 'Hunter2-hunter2';

/** Every output of a gateway with this environment. */
async function run(url: string, env: Record<string, string>): Promise<string> {
  const { warnings } = readConfig({ SCALEOPS_URL: url, ...env });
  await using stack = startGateway(url, env);
  await stack.gateway.listen().catch((error: unknown) => error);
  const response = await stack.send('{ workloadCosts { asOf } }');
  const metrics = await (await stack.gateway.fetch(new Request('http://gateway/metrics'))).text();
  await stack.gateway.close();
  return [...warnings, JSON.stringify(stack.log), response.text, metrics].join('\n');
}

test.each(Object.keys(SETTINGS))('no message repeats a secret in %s', async (name) => {
  const { url } = await startSimulator();
  const env: Record<string, string> = {
    ...(name !== 'SCALEOPS_TOKEN_FILE' && { SCALEOPS_TOKEN: TOKEN }),
    LOG_LEVEL: 'trace',
    SCALEOPS_UNKNOWN: SECRET,
    // The value is valid as a path.
    [name]: name.endsWith('_PATH') ? `/${SECRET}` : SECRET,
  };
  const output = await run(url, env).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error;
    return explainProblems(error);
  });
  expect(output).toContain('SCALEOPS_UNKNOWN');
  expect(output).not.toMatch(/hunter2/i);
});
