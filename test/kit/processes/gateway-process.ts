// The compiled gateway as a process, with the simulator in the test's process, so that a gate can hold reports; and raw
// connections to it.

import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

import type { ReceivedRequest } from '../../../src/simulator/received-request.js';
import { createSimulator, type SimulatorOptions } from '../../../src/simulator/simulator.js';
import { PLAIN_REQUESTS, TOKEN } from '../gateway.js';
import { MAIN, startProcess, type Ended, type RunningProcess } from './process.js';

export type Env = Readonly<Record<string, string>>;

/** A gateway that listens, on a simulator. */
interface ProcessStack extends RunningProcess {
  readonly url: string;
  readonly upstream: string;
  /** The requests to the simulator. */
  readonly received: readonly ReceivedRequest[];
}

/** Starts the compiled gateway; it ends with the test. */
export function startMain(env: Env, ...args: string[]): RunningProcess {
  const running = startProcess([process.execPath, MAIN, ...args], { env });
  onTestFinished(() => running[Symbol.asyncDispose]());
  return running;
}

/** Starts a gateway that is expected to end by itself. */
export function runToEnd(env: Env, ...args: string[]): Promise<Ended> {
  return startMain(env, ...args).ended;
}

/** Starts the gateway on a simulator in the test's own process. */
export async function startProcessStack(options: SimulatorOptions = {}, env: Env = {}): Promise<ProcessStack> {
  const { url: upstream, received } = await startSimulator(options);
  const running = startMain({ SCALEOPS_URL: upstream, SCALEOPS_TOKEN: TOKEN, PORT: '0', ...PLAIN_REQUESTS, ...env });
  return { ...running, url: findUrl(await running.line(LISTENING)), upstream, received };
}

export async function startSimulator(options: SimulatorOptions = {}) {
  const received: ReceivedRequest[] = [];
  const onRequest = (request: ReceivedRequest): unknown => received.push(request);
  const simulator = createSimulator({ workloads: 50, token: TOKEN, onRequest, ...options });
  onTestFinished(() => simulator.close());
  return { url: await simulator.listen(), received };
}

/** The line after which the gateway listens. */
export const LISTENING = /"msg":"listening"/;
export const findUrl = (line: string): string => /http:\/\/[^/\s"]+/.exec(line)![0];

const QUERY =
  'query Rows($last: CostDuration!) { workloadCosts(filter: { multiCluster: true, last: $last }) { rows { totalCount nodes { id } } } }';

export interface Rows {
  readonly data: { readonly workloadCosts: { readonly rows: { totalCount: number; nodes: readonly unknown[] } } };
}

/** Requests a different report for each `last`. */
export function send(url: string, last = '7d', headers: Env = {}): Promise<Response> {
  const body = JSON.stringify({ query: QUERY, variables: { last } });
  return fetch(`${url}/graphql`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

/** Keeps a connection open after its response, like a load balancer. */
export async function openIdleConnection(url: string): Promise<Socket> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    agent.destroy();
  });
  const request = httpRequest(`${url}/health/ready`, { agent }).end();
  const released = once(agent, 'free');
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
  response.resume();
  const [socket] = (await released) as [Socket];
  return socket;
}

export async function openConnection(url: string, sent: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  if (sent !== '') await new Promise((resolve) => socket.write(sent, resolve));
  return socket;
}

/** Resolves when either side closes the connection. */
export function waitForClose(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else
      socket.once('close', () => {
        resolve();
      });
  });
}
