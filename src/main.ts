// The process: environment, command line, signals, exit codes. The one file that names `process`.

import { pino } from 'pino';

import { ConfigError, readConfig, type Config } from './config.js';
import { createGateway } from './gateway.js';
import { createSchema, printSdl } from './graphql/schema.js';
import { GRAPHQL_PATH } from './http/door.js';
import { createSimulator, type Simulator } from './simulator/simulator.js';

/** How long the demo's ScaleOps takes: long enough to see the cache work. */
const DEMO_LATENCY_MS = 400;

async function main(): Promise<void> {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => flag !== '--demo' && flag !== '--print-schema');
  if (unknown !== undefined)
    throw new ConfigError([`${unknown} is not an option; there are --demo and --print-schema`]);
  if (flags.includes('--print-schema')) process.stdout.write(printSdl(createSchema()));
  else if (flags.includes('--demo')) await runDemo();
  else await run(process.env, (url) => `Gateway on ${url}`);
}

/** The gateway on the embedded simulator; the settings of a real ScaleOps do not apply. */
async function runDemo(): Promise<void> {
  const simulator = createSimulator({ latency: () => new Promise((resolve) => setTimeout(resolve, DEMO_LATENCY_MS)) });
  const env = {
    ...process.env,
    SCALEOPS_URL: await simulator.listen(),
    SCALEOPS_TOKEN: simulator.token,
    SCALEOPS_TOKEN_FILE: undefined,
    SCALEOPS_WORKLOADS_PATH: undefined,
    SCALEOPS_AGGREGATED_PATH: undefined,
  };
  await run(env, (url) => `Demo with SIMULATED ScaleOps data. Open ${url}${GRAPHQL_PATH}`, simulator);
}

async function run(env: NodeJS.ProcessEnv, firstLine: (url: string) => string, simulator?: Simulator): Promise<void> {
  const { config, warnings } = readConfig(env);
  const logger = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const gateway = createGateway(config, { logger });
  const url = await gateway.listen();
  process.stdout.write(`${firstLine(toLocalUrl(url, config))}\n`);
  for (const warning of warnings) logger.warn(warning);

  const stop = (signal: NodeJS.Signals): void => {
    // A second signal finds Node's own handler again, and ends the process at once.
    logger.info({ signal }, 'stopping: finishing what is in flight');
    void gateway
      .close()
      .then(() => simulator?.close())
      .then(() => {
        logger.info('stopped');
      });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** What a person can open: an address that means "every interface" is none. */
function toLocalUrl(url: string, { host }: Config): string {
  return host === '0.0.0.0' || host === '::' ? url.replace(/\/\/.*:/, '//localhost:') : url;
}

main().catch((error: unknown) => {
  // Our own errors are meant to be read; a system error's code and message name the address, no secret.
  const isOurs = error instanceof Error && (error.name.endsWith('Error') || 'code' in error);
  process.stderr.write(`${isOurs ? error.message : 'The gateway could not start.'}\n`);
  process.exitCode = 1;
  process.exit();
});
