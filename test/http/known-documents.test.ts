// The weight of known documents equals what they retain on the heap: text, tokens, syntax tree and plans.

import { describe, expect, test } from 'vitest';

import { createSchema } from '../../src/graphql/schema.js';
import { EXAMPLE_TABS } from '../../src/http/graphiql/examples.js';
import { hashText, KnownDocuments } from '../../src/http/operations/known-documents.js';
import { createDocumentParser } from '../../src/http/validation/document-parser.js';
import { usedBytes } from '../kit/processes/heap.js';

const schema = createSchema();
const limits = {
  ...{ tokens: undefined, depth: undefined, aliases: undefined },
  ...{ rootFields: undefined, directives: undefined, fragments: undefined, repeatedFields: undefined },
};
const parser = createDocumentParser({ schema, limits, introspection: true });

/** Adds a valid document like the pipeline, with a text of its own. */
function add(documents: KnownDocuments, text: string): void {
  const own = Buffer.from(text).toString();
  const document = parser.parse(own);
  expect(parser.validate(document)).toEqual([]);
  const known = documents.prepare(own, document);
  documents.add(known);
  for (const prepared of known.operations.values())
    for (const a of [true, false]) for (const b of [true, false]) prepared.planFor({ a, b });
}

const repeat = (count: number, write: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => write(at)).join(' ');
const ROW = 'id workloadName totalCost hourlyCost labels { key value }';
const nest = (levels: number): string =>
  levels === 0 ? 'asOf' : `rows(first: 1) { nodes { kubernetesCluster { costs { ${nest(levels - 1)} } } } }`;
const [example] = EXAMPLE_TABS;

/** Documents that differ by their number, and how many of them one measurement covers. */
const DOCUMENTS: Readonly<Record<string, readonly [number, (at: number) => string]>> = {
  'as small as can be': [4_000, (at) => `{ a${at}: __typename }`],
  'of the usual length': [
    600,
    (at) =>
      `query Costs${at} { workloadCosts { asOf rows(first: 10, orderBy: [{ field: TOTAL_COST, direction: DESC }]) { totalCount nodes { ${ROW} } } } }`,
  ],
  'the examples of GraphiQL': [600, (at) => `# ${at}\n${example!.query}`],
  'of many fields': [
    60,
    (at) =>
      `query Fields${at} { workloadCosts { ${repeat(40, (each) => `r${each}: rows(first: 1) { nodes { ${ROW} } }`)} } }`,
  ],
  'of many arguments': [
    200,
    (at) =>
      `query Arguments${at} { workloadCosts(filter: { clusters: { names: [${repeat(300, (each) => `"cluster-${each}"`)}] } }) { asOf } }`,
  ],
  'nested deeply': [150, (at) => `query Nested${at} { workloadCosts { ${nest(15)} } }`],
  'of fragments': [
    100,
    (at) =>
      `query Fragments${at} { workloadCosts { rows { nodes { ${repeat(30, (each) => `...F${each}`)} } } } } ${repeat(30, (each) => `fragment F${each} on CostRow { ${ROW} }`)}`,
  ],
  'of one fragment that is spread often': [
    100,
    (at) =>
      `query Spread${at} { ${repeat(30, (each) => `c${each}: workloadCosts { ...R }`)} } fragment R on CostReport { rows { nodes { ${ROW} } } }`,
  ],
  'of conditions': [
    200,
    (at) =>
      `query Conditions${at}($a: Boolean!, $b: Boolean!) { workloadCosts { rows { nodes { x: id @include(if: $a) y: id @skip(if: $b) ${repeat(20, (each) => `f${each}: id`)} ${ROW} } } } }`,
  ],
  'filled with blanks': [60, (at) => `{ a${at}: __typename${' '.repeat(261_900)}}`],
  'filled with a comment in Chinese': [60, (at) => `{ a${at}: __typename } # ${'费用'.repeat(40_000)}`],
  'of many operations': [
    100,
    (at) => repeat(30, (each) => `query Of${at}x${each} { workloadCosts { asOf clusters } }`),
  ],
};

describe('the weight of known documents', () => {
  test.each(Object.keys(DOCUMENTS))(
    'is within 20 %% of the memory they retain: %s',
    async (kind) => {
      const [count, write] = DOCUMENTS[kind]!;
      // One-time allocations happen before the measurement.
      add(new KnownDocuments(schema), write(count));
      const documents = new KnownDocuments(schema, 1_000_000_000);
      const before = await usedBytes();
      for (let at = 0; at < count; at += 1) add(documents, write(at));
      const retained = (await usedBytes()) - before;
      const ratio = documents.byteSize() / retained;
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.2);
    },
    60_000,
  );

  test('stays under its bound: the least recently used document is dropped', () => {
    const documents = new KnownDocuments(schema, 200_000);
    const texts = Array.from({ length: 200 }, (_, at) => `{ a${at}: __typename }`);
    for (const text of texts) {
      add(documents, text);
      documents.get(texts[0]!);
      expect(documents.byteSize()).toBeLessThanOrEqual(200_000);
    }
    expect(documents.get(texts[0]!)?.text).toBe(texts[0]);
    expect(documents.get(texts[1]!)).toBeUndefined();
    // A dropped document is not found by its hash either.
    expect(documents.findByHash(hashText(texts[1]!))).toBeUndefined();
    expect(documents.findByHash(hashText(texts.at(-1)!))?.text).toBe(texts.at(-1));
  });
});
