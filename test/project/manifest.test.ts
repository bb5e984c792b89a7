// The Kubernetes manifest of the README, checked without a cluster: its structure, its names, and figures that match
// the code and each other.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { readConfig } from '../../src/config/config.js';
import { deriveMemoryLimits } from '../../src/config/memory.js';
import { SETTINGS } from '../../src/config/settings/settings.js';
import { parseDockerfile } from '../kit/processes/dockerfile.js';
import { ROOT } from '../kit/processes/process.js';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom?: readonly { readonly secretRef: { readonly name: string } }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
  readonly securityContext: object;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly enableServiceLinks: boolean;
  readonly securityContext: object & { readonly runAsUser: number };
  readonly containers: readonly [Container];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: any;
  readonly stringData?: Readonly<Record<string, string>>;
}

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const [, text = ''] = /```yaml\n(apiVersion: apps\/v1\n[\s\S]*?)```/.exec(readme) ?? [];
const documents = parseAllDocuments(text);
const manifests = documents.map((document) => document.toJS() as Manifest);

function find(kind: string, name: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && each.metadata.name === name);
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return found[0]!;
}

const podOf = (name: string): PodSpec => find('Deployment', name).spec.template.spec as PodSpec;
const gateway = (): Container => podOf('costs').containers[0];
const cache = (): Container => podOf('costs-cache').containers[0];

/** The environment of the gateway in the manifest. */
function environment(): Record<string, string> {
  const { env = [], envFrom = [] } = gateway();
  const secrets = envFrom.map(({ secretRef }) => find('Secret', secretRef.name).stringData ?? {});
  const open = env.map(({ name, value }) => ({ [name]: value }));
  return Object.assign({}, ...secrets, ...open) as Record<string, string>;
}

function toMib(quantity: string): number {
  const [, count, unit] = /^(\d+)(Mi|Gi|mb)$/.exec(quantity)!;
  return Number(count) * (unit === 'Gi' ? 1024 : 1);
}

describe('the manifest of the README', () => {
  test('is valid YAML with known kinds and versions', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(manifests.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`).sort()).toEqual([
      'apps/v1 Deployment',
      'apps/v1 Deployment',
      'policy/v1 PodDisruptionBudget',
      'v1 Secret',
      'v1 Service',
      'v1 Service',
    ]);
  });

  test('sets existing settings to valid values', () => {
    const env = environment();
    expect(Object.keys(env).filter((name) => !Object.hasOwn(SETTINGS, name))).toEqual([]);
    // Secrets are not shown in the README.
    for (const { name, value } of gateway().env ?? []) {
      expect(SETTINGS[name as keyof typeof SETTINGS].accepts(value), name).toBe(true);
    }
  });

  test('selects its own pods, and uses existing ports', () => {
    for (const [name, container] of [
      ['costs', gateway()],
      ['costs-cache', cache()],
    ] as const) {
      const { selector, template } = find('Deployment', name).spec;
      expect(template.metadata.labels).toEqual(selector.matchLabels);
      const service = find('Service', name).spec;
      expect(service.selector).toEqual(selector.matchLabels);
      expect(container.ports.map((port) => port.name)).toContain(service.ports[0].targetPort);
    }
    const { matchLabels } = find('Deployment', 'costs').spec.selector;
    expect(find('PodDisruptionBudget', 'costs').spec.selector.matchLabels).toEqual(matchLabels);
    expect(find('Deployment', 'costs').spec.template.spec.topologySpreadConstraints[0].labelSelector).toEqual({
      matchLabels,
    });
    const { hostname, port } = new URL(environment().CACHE_REDIS_URL!);
    expect([hostname, Number(port)]).toEqual(['costs-cache', find('Service', 'costs-cache').spec.ports[0].port]);
    expect(gateway().ports[0]!.containerPort).toBe(Number(SETTINGS.PORT.default));
  });

  test('probes liveness at the start and later, and readiness for requests', () => {
    const { startupProbe, readinessProbe, livenessProbe } = gateway();
    const paths = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet);
    expect(paths).toEqual(['live', 'ready', 'live'].map((what) => ({ path: `/health/${what}`, port: 'http' })));
  });

  test('gives a stopping gateway enough time, without a preStop hook', () => {
    const { GATEWAY_SHUTDOWN_DELAY_SECONDS, GATEWAY_SHUTDOWN_LIMIT_SECONDS } = environment();
    const required = { SCALEOPS_URL: 'http://scaleops', SCALEOPS_TOKEN: 'token' };
    const { shutdown } = readConfig({
      ...required,
      GATEWAY_SHUTDOWN_DELAY_SECONDS,
      GATEWAY_SHUTDOWN_LIMIT_SECONDS,
    }).config;
    expect(shutdown.delayMs).toBeGreaterThan(0);
    const neededMs = shutdown.delayMs + shutdown.limitMs + 2_000;
    expect(1000 * podOf('costs').terminationGracePeriodSeconds).toBeGreaterThanOrEqual(neededMs);
    expect(gateway()).not.toHaveProperty('lifecycle');
  });

  test('lets no container run as root, write to its file system, or gain privileges', () => {
    for (const name of ['costs', 'costs-cache']) {
      const { securityContext, containers } = podOf(name);
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    expect(podOf('costs').enableServiceLinks).toBe(false);
  });

  test('names the image that the Dockerfile builds, with its version and user', async () => {
    const { name, version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<string, string>;
    expect(gateway().image).toBe(`${name}:${version}`);
    const { instructions } = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8')).at(-1)!;
    const user = instructions.find((instruction) => instruction.name === 'USER')!.text;
    expect(user.split(':')[0]).toBe(`${podOf('costs').securityContext.runAsUser}`);
  });

  test('has two replicas, memory for the cache of the gateway, and a Redis that evicts keys and writes no disk', () => {
    expect(find('Deployment', 'costs').spec.replicas).toBe(2);
    const availableBytes = 1_048_576 * toMib(gateway().resources.limits.memory!);
    expect(deriveMemoryLimits({ availableBytes, heapLimitBytes: availableBytes / 2 }).spareBytes).toBeGreaterThan(0);
    expect(gateway().resources.limits).not.toHaveProperty('cpu');
    const args = cache().args!;
    const valueOf = (name: string): string => args[args.indexOf(name) + 1]!;
    expect([valueOf('--save'), valueOf('--appendonly'), valueOf('--maxmemory-policy')]).toEqual([
      '',
      'no',
      'allkeys-lru',
    ]);
    expect(toMib(valueOf('--maxmemory'))).toBeLessThan(toMib(cache().resources.requests.memory!));
  });
});
