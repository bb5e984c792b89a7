// The process: environment, command line, signals, exit codes. The one file that names `process`.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { pino } from 'pino';

import { ConfigError, readConfig, readSchemaSettings, type Config } from './config.js';
import { GatewayError } from './errors.js';
import { createGateway } from './gateway.js';
import { printSchema } from './graphql/schema.js';
import { GRAPHQL_PATH } from './http/door.js';
import type { Setting } from './settings/setting.js';
import { SETTINGS } from './settings/settings.js';
import { createSimulator, type Simulator } from './simulator/simulator.js';

/** How long the demo's ScaleOps takes: long enough to see the cache work. */
const DEMO_LATENCY_MS = 400;

const OPTIONS: readonly string[] = ['--demo', '--help', '--print-schema'];

async function main(): Promise<void> {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => !OPTIONS.includes(flag));
  if (unknown !== undefined) {
    // Its name at most: what follows may be a secret.
    const name = /^-[a-z-]*/i.exec(unknown)?.[0] ?? 'an argument';
    throw new ConfigError([`${name} is not an option; there are ${OPTIONS.join(', ')}`]);
  }
  if (flags.includes('--help')) process.stdout.write(explainSettings());
  else if (flags.includes('--print-schema')) process.stdout.write(printSchema(readSchemaSettings(process.env)));
  else if (flags.includes('--demo')) await runDemo();
  else await run(process.env, (url) => `Gateway on ${url}`);
}

/** The gateway on the embedded simulator; the settings of a real ScaleOps do not apply. */
async function runDemo(): Promise<void> {
  const simulator = createSimulator({ latency: () => new Promise((resolve) => setTimeout(resolve, DEMO_LATENCY_MS)) });
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('SCALEOPS_'));
  const env = {
    // Nothing that anyone may not see.
    GATEWAY_AUTH: 'none',
    ...Object.fromEntries(others),
    SCALEOPS_URL: await simulator.listen(),
    SCALEOPS_TOKEN: simulator.token,
  };
  await run(env, (url) => `Demo with SIMULATED ScaleOps data. Open ${url}${GRAPHQL_PATH}`, simulator);
}

async function run(env: NodeJS.ProcessEnv, firstLine: (url: string) => string, simulator?: Simulator): Promise<void> {
  const { config, warnings } = readConfig(env);
  const logger = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const gateway = createGateway(config, { logger, version: readVersion(), isAlone: true });
  const url = await gateway.listen();
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // Said outright: the first process of a container has no default handler that a second signal could find.
    if (isStopping) process.exit(128 + constants.signals[signal]);
    isStopping = true;
    logger.info({ signal }, 'stopping: finishing what is in flight');
    void gateway
      .close()
      .then(() => simulator?.close())
      .then(() => {
        logger.info('stopped');
      })
      .catch(() => {
        logger.error('stopped with an error');
        process.exit(1);
      });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Last, because it says that we are there: for requests, and for signals.
  process.stdout.write(`${firstLine(toLocalUrl(url, config))}\n`);
  for (const warning of warnings) logger.warn(warning);
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** Every setting with its default, as text. */
function explainSettings(): string {
  const lines = Object.entries<Setting<unknown>>(SETTINGS).map(
    ([name, setting]) =>
      `${name}${setting.default === undefined ? '' : ` (${setting.default})`}\n    ${setting.meaning}\n`,
  );
  return `Settings, from the environment, with their defaults:\n\n${lines.join('')}\nOptions: ${OPTIONS.join(', ')}\n`;
}

/** What a person can open: an address that means "every interface" is none. */
function toLocalUrl(url: string, { host }: Config): string {
  return host === '0.0.0.0' || host === '::' ? url.replace(/\/\/.*:/, '//localhost:') : url;
}

/** What the person who started us is told. A system error's own message would repeat settings, so only its code. */
function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof GatewayError) return error.message;
  const { code, syscall, port } = error as NodeJS.ErrnoException & { readonly port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} is already in use. Set PORT to another one.`;
  if (code !== undefined && syscall !== undefined)
    return `The gateway cannot listen on the address of HOST and PORT: ${code}.`;
  return 'The gateway could not start.';
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
