// The time of validation for the most expensive documents of at most 64 KiB within the default limits.
// `npm run build && node test/bench/validation.mjs`; the argument is the number of tokens.

import { parse, specifiedRules, validate } from 'graphql';

import { readConfig } from '../../dist/config/config.js';
import { createSchema } from '../../dist/graphql/schema.js';
import { findViolation } from '../../dist/query-limits/limits.js';

const { config } = readConfig({ SCALEOPS_URL: 'http://localhost', SCALEOPS_TOKEN: 'x' });
const limits = config.protection.documents;
const tokens = Number(process.argv[2] ?? limits.tokens);
const repeats = 100;
const schema = createSchema();
const times = (count, each) => Array.from({ length: Math.max(0, Math.floor(count)) }, (_, at) => each(at)).join(' ');
const report = (inner) => `{ workloadCosts { ${inner} } }`;
const text = (length) => 'n'.repeat(Math.max(1, Math.floor(length)));

const KINDS = {
  'one field repeated': report(times(repeats, () => 'asOf')),
  'many fields repeated': report(
    `rows { nodes { ${times(tokens / 20 - 2, () => times(20, (at) => ['id', 'clusterName', 'namespace', 'workloadName', 'workloadType', 'totalCost', 'hourlyCost', 'savingsAvailable', 'replicas', 'share', 'onDemandHours', 'spotHours', 'ownerCpuRequest', 'ownerGpuRequest', 'ownerMemoryRequest', 'onDemandPercent', 'spotPercent', 'amountOfWorkloads', 'savingsAvailableWithReplicas', '__typename'][at]))} } }`,
  ),
  'a selection repeated': report(
    times(Math.min(repeats, tokens / 20), () => `totals { ${times(15, () => 'totalCost')} }`),
  ),
  'a nested selection repeated': report(
    times(Math.min(repeats, tokens / 12), () => 'rows { nodes { id kubernetesCluster { name } } }'),
  ),
  'deep selections repeated': report(
    times(
      Math.min(repeats, tokens / 40),
      () =>
        `rows { nodes { ${times(4, () => 'kubernetesCluster { costs { rows { nodes {')} id ${times(4, () => '} } } }')} } }`,
    ),
  ),
  'arguments repeated': report(
    times(
      repeats,
      () =>
        `rows(where: { clusterNames: [${times(tokens / repeats - 14, () => `"${text((65_000 - 100 * repeats) / repeats / (tokens / repeats - 14) - 4)}"`)}] }) { totalCount }`,
    ),
  ),
  'one long argument repeated': report(
    times(Math.min(repeats, tokens / 14), () => `rows(where: { search: "${text(500)}" }) { totalCount }`),
  ),
  'aliases with other arguments': report(
    times(50, (at) => `a${at}: rows(where: { search: "${at}${text(1100)}" }) { totalCount }`),
  ),
  'many fragments': `{ workloadCosts { ${times(100, (at) => `...f${at}`)} } } ${times(100, (at) => `fragment f${at} on CostReport { ${times(tokens / 100 - 9, () => 'asOf')} }`)}`,
  'fragments that spread all others': `{ workloadCosts { ...f0 } } ${times(40, (at) => `fragment f${at} on CostReport { asOf ${times(Math.min(40 - at - 1, tokens / 80), (next) => `...f${at + 1 + next}`)} }`)}`,
  'fragments with nested selections': `{ workloadCosts { ${times(100, (at) => `...f${at}`)} } } ${times(100, (at) => `fragment f${at} on CostReport { rows { nodes { ${times(tokens / 100 - 13, () => 'id')} } } }`)}`,
  'unused fragments': `{ __typename } ${times(100, (at) => `fragment f${at} on CostReport { ${times(tokens / 100 - 9, () => 'asOf')} }`)}`,
  'fragment cycles': `{ workloadCosts { ...f0 } } ${times(100, (at) => `fragment f${at} on CostReport { ${times(tokens / 200 - 4, (next) => `...f${(at + next + 1) % 100}`)} }`)}`,
  'inline fragments': report(
    `${times(tokens / 12, () => '... on CostReport { ... { asOf }')} ${times(tokens / 12, () => '}')}`,
  ),
  'deep inline fragments': report(`${times(tokens / 6, () => '... {')} asOf ${times(tokens / 6, () => '}')}`),
  'inline fragments beside each other': report(
    times(Math.min(repeats, tokens / 8), () => '... on CostReport { asOf isStale }'),
  ),
  variables: `query (${times(tokens / 9, (at) => `$v${at}: String`)}) { ${times(Math.min(50, tokens / 20), (at) => `a${at}: kubernetesCluster(name: $v${at}) { name }`)} }`,
  'variables in fragments': `query (${times(tokens / 16, (at) => `$v${at}: [String!]`)}) { workloadCosts { ...f } } fragment f on CostReport { rows(where: { clusterNames: $v0 }) { totalCount } }`,
  'a long list': report(`rows(where: { clusterNames: [${times(tokens - 30, (at) => `"${at}"`)}] }) { totalCount }`),
  'a long list of objects': report(
    `rows(orderBy: [${times(tokens / 5 - 5, () => '{ field: TOTAL_COST }')}]) { totalCount }`,
  ),
  'wrong values': report(`rows(where: { clusterNames: [${times(tokens - 30, () => '1')}] }) { totalCount }`),
  'deep values': report(
    `rows(where: { clusterNames: ${'['.repeat(tokens / 2 - 15)}"a"${']'.repeat(tokens / 2 - 15)} }) { totalCount }`,
  ),
  'unknown fields': report(times(Math.min(tokens - 10, 5_000), (at) => `nope${at}`)),
  'unknown long fields': report(times(Math.min(tokens - 10, 60), (at) => `totalCosts${at}${text(900)}`)),
  'unknown arguments': report(`rows(${times(tokens / 3 - 10, (at) => `a${at}: 1`)}) { totalCount }`),
  'duplicate arguments': report(`rows(${times(tokens / 3 - 10, () => 'first: 1')}) { totalCount }`),
  'unknown input fields': report(`rows(where: { ${times(tokens / 3 - 10, (at) => `a${at}: 1`)} }) { totalCount }`),
  'duplicate input fields': report(`rows(where: { ${times(tokens / 3 - 10, () => 'search: ""')} }) { totalCount }`),
  'duplicate variables': `query (${times(tokens / 5 - 5, () => '$v: Int')}) { __typename }`,
  'unknown enum values': report(
    `rows(orderBy: [${times(tokens / 5 - 5, (at) => `{ field: TOTAL_COSTS${at} }`)}]) { totalCount }`,
  ),
  directives: report(`asOf ${times(50, () => '@skip(if: true)')}`),
  operations: times(tokens / 6, (at) => `query q${at} { __typename }`),
  'operations that spread a fragment': `${times(tokens / 10, (at) => `query q${at} { ...f }`)} fragment f on Query { ${times(20, () => '__typename')} }`,
  'operations that spread all fragments': `${times(tokens / 30, (at) => `query q${at}($v: String) { ...f0 }`)} ${times(20, (at) => `fragment f${at} on Query { __typename ${at < 19 ? `...f${at + 1}` : ''} }`)}`,
};

// The first round warms up.
for (const round of [1, 2, 3])
  for (const [kind, document] of Object.entries(KINDS)) {
    let outcome;
    const cut = document.slice(0, 65_536);
    let start = performance.now();
    try {
      const parsed = parse(cut, { maxTokens: tokens });
      outcome = findViolation(parsed, limits)?.code;
      if (outcome === undefined)
        outcome = validate(schema, parsed, specifiedRules, { maxErrors: 5 })[0]?.message ?? 'valid';
    } catch (error) {
      outcome = error.message;
    }
    const first = performance.now() - start;
    if (round === 3)
      console.log(`${first.toFixed(1).padStart(8)} ms  ${kind} (${cut.length} bytes): ${outcome.slice(0, 60)}`);
  }
