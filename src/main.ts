// The process: command line, environment, signals, exit codes. The only file that uses `process`.

import { readFileSync } from 'node:fs';
import { constants, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

import { explainStartError } from './app/explain-start-error.js';
import type { Gateway } from './app/gateway.js';
import { FINAL_RESPONSE_GRACE_MS } from './app/shutdown.js';
import { readConfig, readSchemaSettings, type Config } from './config/config.js';
import { describeConfig } from './config/describe-config.js';
import { availableMemory, describeMemoryLimits, type ProcessMemory } from './config/memory.js';
import { explainSetting, explainSettings, explainWarnings } from './config/settings/help.js';
import { ConfigError } from './config/settings/reader.js';
import { printSchema } from './graphql/schema.js';
import type { Simulator } from './simulator/simulator.js';
import { createProcessLog, type ProcessLog } from './telemetry/logger.js';

/** The response time of the demo's ScaleOps: long enough to see the cache work. */
const DEMO_LATENCY_MS = 400;
const GRAPHIQL_HINTS = `  Run the tab WhatChanged first: it shows which teams cost more, or less, than a week ago.
  Run it again: the reports come from the cache, without a call to ScaleOps.
`;
/** The process exits this long after the shutdown limit, even if a service is not closed. */
const FORCED_EXIT_DELAY_MS = FINAL_RESPONSE_GRACE_MS + 700;

const OPTIONS: Readonly<Record<string, (settingName?: string) => Promise<void> | void>> = {
  '--check-config': checkConfig,
  '--demo': runDemo,
  '--help': (name) => {
    process.stdout.write(name === undefined ? explainSettings(Object.keys(OPTIONS)) : explainSetting(name));
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
  const hasSettingName = flags[0] === '--help' && flags[1]?.startsWith('-') === false;
  const [settingName] = hasSettingName ? flags.splice(1, 1) : [];
  const names = Object.keys(OPTIONS).join(', ');
  const unknown = flags.find((flag) => !Object.hasOwn(OPTIONS, flag));
  if (unknown !== undefined) {
    // Only the name: the value may be a secret.
    const name = /^-[a-z-]*/i.exec(unknown)?.[0] ?? 'an argument';
    throw new ConfigError([`${name} is not an option; there are ${names}`]);
  }
  if (flags.length > 1) throw new ConfigError([`only one of ${names} can be given`]);
  const [flag] = flags;
  if (flag === undefined) await run(process.env, process.stdout.isTTY ? (url) => `Gateway on ${url}` : undefined);
  else await OPTIONS[flag]?.(settingName);
}

/** Checks the settings without any request over the network. Exit code 0: valid, maybe with warnings; 1: not valid. */
function checkConfig(): void {
  const { config, warnings } = readConfig(process.env, undefined, measureMachine());
  const texts = [describeConfig(process.env, config), describeMemoryLimits(config.memory), explainWarnings(warnings)];
  process.stdout.write(`The configuration is valid.\n${texts.join('')}`);
}

/** Runs the gateway on the embedded simulator; SCALEOPS_ settings are ignored. */
async function runDemo(): Promise<void> {
  // Loaded lazily: only the demo uses these modules.
  const { GRAPHQL_PATH } = await import('./http/handler.js');
  const { createSimulator } = await import('./simulator/simulator.js');
  const simulator = createSimulator({ latency: () => new Promise((resolve) => setTimeout(resolve, DEMO_LATENCY_MS)) });
  const settings = Object.entries(process.env).filter(([name]) => !name.startsWith('SCALEOPS_'));
  const env = {
    // The demo serves simulated data only, so no authentication is needed.
    GATEWAY_AUTH: 'none',
    ...Object.fromEntries(settings),
    SCALEOPS_URL: await simulator.listen(),
    SCALEOPS_TOKEN: simulator.token,
  };
  const explain = (url: string, { graphiql, trustedDocuments }: Config): string => {
    const hints = graphiql && trustedDocuments === undefined ? GRAPHIQL_HINTS : '';
    return `Demo with SIMULATED ScaleOps data. Open ${url}${GRAPHQL_PATH}\n${hints}  Ctrl-C ends the demo.`;
  };
  await run(env, explain, simulator);
}

/** @param firstLine the first line of output, for a person; by default a line of the log. */
async function run(
  env: NodeJS.ProcessEnv,
  firstLine: ((url: string, config: Config) => string) | undefined,
  simulator?: Simulator,
): Promise<void> {
  const onSignal = listenToSignals();
  // The reader of standard output may close it; the gateway continues.
  process.stdout.on('error', () => undefined);
  const { config, warnings } = readConfig(env, undefined, measureMachine());
  const log = createProcessLog(config.logLevel, process.stdout.isTTY);
  process.prependListener('exit', log.discard);
  // Loaded after the configuration is known to be valid: loading takes most of the time of a start.
  const { createGateway } = await import('./app/gateway.js');
  const gateway = createGateway(config, { logger: log.logger, version: readVersion(), collectProcessMetrics: true });
  const stop = createStop(config, log, async () => {
    await gateway.close();
    await simulator?.close();
  });
  handleDefects(gateway, stop);
  const url = await gateway.listen();
  onSignal((signal) => {
    // The second signal does not wait for requests.
    onSignal((second) => void exit(log, exitCodeOf(second)));
    log.logger.info({ signal }, 'stopping: finishing requests in flight');
    stop(0);
  });
  // Last: from this line on, requests and signals are handled.
  const localUrl = toLocalUrl(url, config);
  // At any LOG_LEVEL: scripts wait for it.
  if (firstLine === undefined) log.logger.child({}, { level: 'info' }).info({ url: localUrl }, 'listening');
  else process.stdout.write(`${firstLine(localUrl, config)}\n`);
  for (const warning of warnings) log.logger.warn(warning);
}

/**
 * Errors outside of any request. After an uncaught exception the state of the process is unknown: it finishes the
 * requests in flight and exits with 1. A rejection that nobody handled leaves no code half run: it is logged and counted.
 */
function handleDefects(gateway: Gateway, stop: (exitCode: number) => void): void {
  process.on('unhandledRejection', (reason) => {
    gateway.recordDefect('unhandledRejection', reason);
  });
  process.on('uncaughtException', (error) => {
    gateway.recordDefect('uncaughtException', error);
    stop(1);
  });
}

/** Returns the function that closes the gateway and exits, with the highest of the exit codes that it was called with. */
function createStop(
  { shutdown: { delayMs, limitMs } }: Config,
  log: ProcessLog,
  close: () => Promise<void>,
): (exitCode: number) => void {
  let highestCode = -1;
  const fail = (): void => {
    log.logger.error('stopped with an error');
    void exit(log, 1);
  };
  return (exitCode) => {
    const isStopping = highestCode >= 0;
    highestCode = Math.max(highestCode, exitCode);
    if (isStopping) return;
    setTimeout(fail, delayMs + limitMs + FORCED_EXIT_DELAY_MS);
    close().then(() => {
      log.logger.info('stopped');
      // A pending connection attempt to a silent host would keep the event loop running.
      void exit(log, highestCode);
    }, fail);
  };
}

/** Exits when the log is written, or after a timeout if it is not read. */
async function exit(log: ProcessLog, code: number): Promise<never> {
  await log.flush();
  process.exit(code);
}

/** Exits on a signal, until the returned function sets another handler. */
function listenToSignals(): (handler: (signal: NodeJS.Signals) => void) => void {
  let current = (signal: NodeJS.Signals): void => {
    process.exit(exitCodeOf(signal));
  };
  // Process 1 of a container has no default handlers.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      current(signal);
    });
  }
  return (handler) => {
    current = handler;
  };
}

/** The exit code that shells use for a signal. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The memory that this process may use. */
function measureMachine(): ProcessMemory {
  return {
    availableBytes: availableMemory(process.constrainedMemory(), totalmem()),
    heapLimitBytes: getHeapStatistics().heap_size_limit,
  };
}

/** The version in package.json, beside the folder of compiled files. */
function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** A URL that a person can open: "every interface" becomes localhost. */
function toLocalUrl(url: string, { host }: Config): string {
  return host === '0.0.0.0' || host === '::' ? url.replace(/\/\/.*:/, '//localhost:') : url;
}

main().catch((error: unknown) => {
  process.stderr.write(`${explainStartError(error)}\n`);
  process.exit(1);
});
