// A Relay environment, with documents that Relay's compiler has compiled.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import relayRuntime, { type ConcreteRequest } from 'relay-runtime';

import { printSchema } from '../../../../src/graphql/schema.js';

const load = createRequire(import.meta.url);
const COMPILER = load.resolve('relay-compiler/cli.js');

/** Compiles operations. Their names begin with `dashboard` and end with `Query`. @returns the artifacts by name. */
export async function compileForRelay(documents: readonly string[]): Promise<ReadonlyMap<string, ConcreteRequest>> {
  const folder = mkdtempSync(join(tmpdir(), 'relay-'));
  try {
    mkdirSync(join(folder, 'src/__generated__'), { recursive: true });
    writeFileSync(join(folder, 'schema.graphql'), printSchema({ federation: false }));
    writeFileSync(join(folder, 'src/dashboard.js'), documents.map((text) => `graphql\`${text}\`;`).join('\n'));
    const config = { src: './src', schema: './schema.graphql', language: 'javascript', eagerEsModules: false };
    writeFileSync(join(folder, 'relay.config.json'), JSON.stringify(config));
    await promisify(execFile)(process.execPath, [COMPILER, '--noWatchman', 'relay.config.json'], { cwd: folder });
    const artifacts = join(folder, 'src/__generated__');
    const requests = readdirSync(artifacts).map((file) => load(join(artifacts, file)) as ConcreteRequest);
    return new Map(requests.map((request) => [request.params.name, request]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sends an operation and reads its result from the store, without React. */
export class RelayClient {
  readonly #environment: InstanceType<typeof relayRuntime.Environment>;
  readonly #requests: ReadonlyMap<string, ConcreteRequest>;

  constructor(requests: ReadonlyMap<string, ConcreteRequest>, send: (body: object) => Promise<object>) {
    this.#requests = requests;
    this.#environment = new relayRuntime.Environment({
      network: relayRuntime.Network.create(
        async ({ text }, variables) => (await send({ query: text, variables })) as relayRuntime.GraphQLResponse,
      ),
      store: new relayRuntime.Store(new relayRuntime.RecordSource()),
    });
  }

  async send(name: string, variables: object): Promise<void> {
    const request = this.#requests.get(name)!;
    this.#environment.retain(relayRuntime.createOperationDescriptor(request, variables));
    await relayRuntime.fetchQuery(this.#environment, request, variables).toPromise();
  }

  read(name: string, variables: object): unknown {
    const operation = relayRuntime.createOperationDescriptor(this.#requests.get(name)!, variables);
    return this.#environment.lookup(operation.fragment).data;
  }
}
