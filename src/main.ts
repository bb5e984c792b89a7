// The process: environment, command line, signals, exit codes. The one file that names `process`.

import { readFileSync } from 'node:fs';
import { constants, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Logger } from 'pino';

import { readConfig, readSchemaSettings, type Config } from './config/config.js';
import { availableMemory, describeMemoryLimits, type Machine } from './config/memory.js';
import { ConfigError } from './config/settings/reader.js';
import { GatewayError } from './errors.js';
import type { Gateway } from './app/gateway.js';
import { printSchema } from './graphql/schema.js';
import { createLogger, type GatewayLogger } from './telemetry/logger.js';
import { explainProblems, explainSettings, explainWarnings } from './config/settings/help.js';
import { LAST_WORD_MS } from './app/shutdown.js';
import type { Siblings } from './telemetry/aggregate-metrics.js';
import type { Simulator } from './simulator/simulator.js';

/** How long the demo's ScaleOps takes: long enough to see the cache work. */
const DEMO_LATENCY_MS = 400;

/** The process ends so much later than the limit of its requests, whatever a part of it or a host waits for. */
const LAST_RESORT_MS = LAST_WORD_MS + 750;
/** And the primary so much later than its workers. */
const WORKERS_LAST_RESORT_MS = 200;

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
  const { config, warnings } = readConfig(process.env, undefined, measureMachine());
  process.stdout.write(
    `The configuration is valid.\n${describeMemoryLimits(config.memory)}${explainWarnings(warnings)}`,
  );
}

/** The gateway on the embedded simulator; the settings of a real ScaleOps do not apply. */
async function runDemo(): Promise<void> {
  // Nobody else needs them.
  const { GRAPHQL_PATH } = await import('./http/yoga.js');
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
  const { config, warnings } = readConfig(env, undefined, measureMachine());
  const hasWorkers = config.workers > 1;
  const logger = createLogger({
    level: config.logLevel,
    pid: hasWorkers ? process.pid : undefined,
    onEnd: (flush) => process.on('exit', flush),
  });
  // Who is alone needs nothing of it.
  const primary = hasWorkers ? (await import('./cores/worker.js')).joinPrimary() : undefined;
  const isPrimary = hasWorkers && primary === undefined;
  const part = isPrimary
    ? await startPrimary(config, env, logger)
    : await createAnswering(config, logger, primary?.siblings);
  const url = await part.listen();
  if (url === undefined) process.exit(1);
  const stop = createStop(config, logger, isPrimary, async (signal) => {
    await part.close(signal);
    await simulator?.close();
  });
  if (primary !== undefined) {
    // A terminal sends signals to all of its processes: the primary tells when it is time.
    onSignal(() => undefined);
    primary.onStop(stop);
    primary.listening(url);
    return;
  }
  onSignal((signal) => {
    onSignal(endAtOnce);
    stop(signal);
  });
  const workers = isPrimary ? ` with ${config.workers} workers` : '';
  // Last, because it says that we are there: for requests, and for signals.
  process.stdout.write(`${firstLine(toLocalUrl(url, config))}${workers}\n`);
  for (const warning of warnings) logger.warn(warning);
}

/** A gateway; a primary has none, and need not load all that it is made of. */
async function createAnswering(
  config: Config,
  logger: GatewayLogger,
  siblings: Siblings | undefined,
): Promise<Gateway> {
  const { createGateway } = await import('./app/gateway.js');
  return createGateway(config, { logger, version: readVersion(), isAlone: true, siblings });
}

/** The primary of as many workers as are configured. They end with it, in whatever way it does. */
async function startPrimary({ workers }: Config, env: NodeJS.ProcessEnv, logger: Logger) {
  const { createPrimary } = await import('./cores/primary.js');
  // What is not in `env` is not for workers either.
  const nothing = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const primary = createPrimary({
    workers,
    env: { ...nothing, ...env },
    onLost: (lost) => {
      logger.error(lost, 'a worker has ended; another one takes its place');
    },
  });
  process.on('exit', primary.kill);
  return primary;
}

/** What ends the process in good order: `close`, or the time for it is over. */
function createStop(
  { shutdown: { delayMs, limitMs } }: Config,
  logger: Logger,
  isPrimary: boolean,
  close: (signal: NodeJS.Signals) => Promise<void>,
): (signal?: NodeJS.Signals) => void {
  const end = (): never => {
    logger.error('stopped with an error');
    process.exit(1);
  };
  return (signal) => {
    if (signal === undefined) logger.error('the primary is gone');
    logger.info({ signal }, 'stopping: finishing what is in flight');
    setTimeout(end, delayMs + limitMs + LAST_RESORT_MS + (isPrimary ? WORKERS_LAST_RESORT_MS : 0));
    close(signal ?? 'SIGTERM').then(() => {
      logger.info('stopped');
      // Not when all is idle: a connection to a host that does not answer would hold us until it is given up.
      process.exit(0);
    }, end);
  };
}

/** Lines go out a few at a time: a write for each takes longer than to answer from memory. */
/** Ends the process on a signal: at once, until it is told another way. */
function listenToSignals(): (task: (signal: NodeJS.Signals) => void) => void {
  // Said outright: the first process of a container has no default handler that a signal could find.
  let task: (signal: NodeJS.Signals) => void = endAtOnce;
  const onSignal = (signal: NodeJS.Signals): void => {
    task(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return (given) => {
    task = given;
  };
}

function endAtOnce(signal: NodeJS.Signals): never {
  process.exit(128 + constants.signals[signal]);
}

/** The memory that this process may use. */
function measureMachine(): Machine {
  return {
    availableBytes: availableMemory(process.constrainedMemory(), totalmem()),
    heapLimitBytes: getHeapStatistics().heap_size_limit,
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
