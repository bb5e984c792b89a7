// The process: environment, command line, signals, exit codes. The one file that names `process`.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { pino, type Logger } from 'pino';

import { ConfigError, readConfig, readSchemaSettings, type Config } from './config.js';
import { GatewayError } from './errors.js';
import { createGateway } from './gateway.js';
import { printSchema } from './graphql/schema.js';
import { GRAPHQL_PATH } from './http/door.js';
import { explainProblems, explainSettings, explainWarnings } from './settings/explain.js';
import { LAST_WORD_MS } from './shutdown.js';
import type { Simulator } from './simulator/simulator.js';

/** How long the demo's ScaleOps takes: long enough to see the cache work. */
const DEMO_LATENCY_MS = 400;

/** Lines of the log are written when there are so many bytes of them, and at the latest so often. */
const LOG_BYTES = 4_096;
const LOG_FLUSH_MS = 20;

/** The process ends so much later than the limit of its requests, whatever a part of it or a host waits for. */
const LAST_RESORT_MS = LAST_WORD_MS + 750;

const OPTIONS: Readonly<Record<string, () => Promise<void> | void>> = {
  '--check-config': checkConfig,
  '--demo': runDemo,
  '--help': () => {
    process.stdout.write(explainSettings(Object.keys(OPTIONS)));
  },
  '--print-schema': () => {
    process.stdout.write(printSchema(readSchemaSettings(process.env)));
  },
  '--version': () => {
    process.stdout.write(`${readVersion()}\n`);
  },
};

async function main(): Promise<void> {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => !Object.hasOwn(OPTIONS, flag));
  const names = Object.keys(OPTIONS).join(', ');
  if (unknown !== undefined) {
    // Its name at most: what follows may be a secret.
    const name = /^-[a-z-]*/i.exec(unknown)?.[0] ?? 'an argument';
    throw new ConfigError([`${name} is not an option; there are ${names}`]);
  }
  if (flags.length > 1) throw new ConfigError([`of ${names} there may be one at a time`]);
  const [flag] = flags;
  if (flag === undefined) await run(process.env, (url) => `Gateway on ${url}`);
  else await OPTIONS[flag]?.();
}

/** What a start would say of the configuration, as far as nobody has to be asked over the network. */
function checkConfig(): void {
  const { warnings } = readConfig(process.env);
  process.stdout.write(`The configuration is valid.\n${explainWarnings(warnings)}`);
}

/** The gateway on the embedded simulator; the settings of a real ScaleOps do not apply. */
async function runDemo(): Promise<void> {
  // Nobody else needs it.
  const { createSimulator } = await import('./simulator/simulator.js');
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
  const onSignal = listenToSignals();
  const { config, warnings } = readConfig(env);
  const logger = createLogger(config);
  const gateway = createGateway(config, { logger, version: readVersion(), isAlone: true });
  const url = await gateway.listen();
  onSignal((signal) => {
    logger.info({ signal }, 'stopping: finishing what is in flight');
    const { delayMs, limitMs } = config.shutdown;
    const end = (): never => {
      logger.error('stopped with an error');
      process.exit(1);
    };
    setTimeout(end, delayMs + limitMs + LAST_RESORT_MS);
    const closed = gateway.close().then(() => simulator?.close());
    closed.then(() => {
      logger.info('stopped');
      // Not when all is idle: a connection to a host that does not answer would hold us until it is given up.
      process.exit(0);
    }, end);
  });
  // Last, because it says that we are there: for requests, and for signals.
  process.stdout.write(`${firstLine(toLocalUrl(url, config))}\n`);
  for (const warning of warnings) logger.warn(warning);
}

/** Lines go out a few at a time: a write for each takes longer than to answer from memory. */
function createLogger({ logLevel: level }: Config): Logger {
  const lines = pino.destination({ dest: 1, minLength: LOG_BYTES, periodicFlush: LOG_FLUSH_MS });
  process.on('exit', () => {
    lines.flushSync();
  });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines);
}

/** Ends the process on a signal: through the task that it is given, at once without one, and on a second signal. */
function listenToSignals(): (task: (signal: NodeJS.Signals) => void) => void {
  let task: ((signal: NodeJS.Signals) => void) | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    // Said outright: the first process of a container has no default handler that a signal could find.
    if (task === undefined) process.exit(128 + constants.signals[signal]);
    const begin = task;
    task = undefined;
    begin(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return (given) => {
    task = given;
  };
}

/** The version of package.json, which lies beside the folder of the compiled files, in the image as well. */
function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** What a person can open: an address that means "every interface" is none. */
function toLocalUrl(url: string, { host }: Config): string {
  return host === '0.0.0.0' || host === '::' ? url.replace(/\/\/.*:/, '//localhost:') : url;
}

/** What the person who started us is told. A system error's own message would repeat settings, so only its code. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return explainProblems(error).trimEnd();
  if (error instanceof GatewayError) return error.message;
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
