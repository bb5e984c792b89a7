// Rows as JSON that is kept: whatever is asked of a report, in whatever order, is written the same with what is kept as
// without. And what is kept is the report's own, of all its rows, and goes with it.
//
// Mutations, each tried in a copy of the tree: the comma after a run counted into it, MIN_GIVEN_BYTES a million, ends one
// further (row-texts.ts); `share` and cursors kept, the number of the report left out of the key, kept for a page of some
// rows, kept the first time (row-writing.ts); `#before` not counted on.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decodeReport } from '../src/report/parse/json-parser.js';
import { createGrants } from '../src/report/permissions/permissions.js';
import type { Report, RowQuestion } from '../src/report/report.js';
import type { RowTextMemory, RowTexts } from '../src/report/write/row-json-cache.js';
import type { RowMember } from '../src/report/write/row-writer.js';
import { anyOrder, anyReport, anyWhere } from './kit/reference.js';

const NAMES: readonly RowMember[] = [
  { name: 'id', kind: 'field', field: 'id' },
  { name: 'cost', kind: 'field', field: 'totalCost' },
  { name: 'labels', kind: 'labels', field: 'ownerLabels', members: [{ name: 'key', kind: 'key' }] },
];
const WITH_SHARE: readonly RowMember[] = [...NAMES, { name: 'share', kind: 'field', field: 'share' }];
const WITH_CURSOR: readonly RowMember[] = [
  { name: 'cursor', kind: 'cursor' },
  { name: 'node', kind: 'object', needs: [], members: NAMES },
];

function createMemory(): RowTextMemory & { readonly kept: Map<string, RowTexts> } {
  const kept = new Map<string, RowTexts>();
  return { kept, find: (key) => kept.get(key), keep: (key, texts) => void kept.set(key, texts) };
}

const write = (report: Report, members: readonly RowMember[], question: RowQuestion): string =>
  Buffer.concat([...report.selectRows(question).write(members)]).toString();

const rowsOf = (count: number, name = 'row'): Report =>
  decodeReport({
    aggregatedWorkloads: Array.from({ length: count }, (_, row) => ({
      id: `${name}-${row}`,
      clusterName: row % 2 === 0 ? 'even' : 'odd',
      namespace: `n-${row % 7}`,
      totalCost: (row * 7919) % 1000,
      ownerLabels: [{ key: `k${row % 3}`, value: 'ü"' }],
    })),
  }).report;

describe('rows from kept texts', () => {
  test('are those from the columns, whatever is asked', () => {
    fc.assert(
      fc.property(anyReport(), fc.array(fc.tuple(anyWhere, anyOrder, fc.nat(12))), (json, questions) => {
        const { report } = decodeReport(json);
        const texts = createMemory();
        write(report, NAMES, { texts });
        write(report, NAMES, { texts });
        for (const [where, orderBy, first] of questions) {
          const question = { where, orderBy, first };
          expect(write(report, NAMES, { ...question, texts })).toBe(write(report, NAMES, question));
        }
        expect(texts.kept.size).toBe(1);
      }),
    );
  });

  test('are those of longer reports too, in one order and in another', () => {
    const report = rowsOf(5_000);
    const texts = createMemory();
    const sorted = { orderBy: [{ field: 'totalCost', direction: 'DESC' }] } as const;
    // Kept in the order of the second one.
    write(report, NAMES, { texts });
    write(report, NAMES, { ...sorted, texts });
    expect(texts.kept.size).toBe(1);
    const questions: RowQuestion[] = [{}, sorted, { ...sorted, first: 20 }, { last: 3 }, { first: 0 }];
    for (const where of [{ clusterNames: ['odd'] }, { minTotalCost: 500 }])
      questions.push({ where }, { where, ...sorted });
    for (const question of questions)
      expect(write(report, NAMES, { ...question, texts })).toBe(write(report, NAMES, question));
    const pieces = [...report.selectRows({ ...sorted, texts }).write(NAMES)];
    // What is as it was written is given as it is.
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(262_144);
    expect(pieces.some(({ buffer }) => buffer === [...texts.kept.values()][0]?.bytes.buffer)).toBe(true);
  });
});

describe('texts of rows are kept', () => {
  test('when all rows are asked for again, with the same members', () => {
    const report = rowsOf(10);
    const texts = createMemory();
    const sizes = [{ texts }, { texts, first: 9 }, { texts, where: { clusterNames: ['odd'] } }, { texts }].map(
      (question) => {
        write(report, NAMES, question);
        return texts.kept.size;
      },
    );
    expect(sizes).toEqual([0, 0, 0, 1]);
    write(report, NAMES.slice(1), { texts });
    expect(texts.kept.size).toBe(1);
  });

  test.each([
    ['a share, which is one of what somebody sees', WITH_SHARE],
    ['a cursor, which is one of a list', WITH_CURSOR],
    ['a share within', [{ name: 'node', kind: 'object', needs: [], members: WITH_SHARE } as const]],
  ])('but not with %s', (_, members) => {
    const texts = createMemory();
    for (let time = 0; time < 3; time += 1) write(rowsOf(10), members, { texts });
    const report = rowsOf(10);
    for (let time = 0; time < 3; time += 1) write(report, members, { texts });
    expect(texts.kept.size).toBe(0);
  });

  test('for that report alone', () => {
    const texts = createMemory();
    const [one, other] = [rowsOf(10, 'one'), rowsOf(10, 'other')];
    for (let time = 0; time < 3; time += 1) write(one, NAMES, { texts });
    expect(write(other, NAMES, { texts })).toBe(write(other, NAMES, {}));
  });

  test('and give nobody more than they may see', () => {
    const report = rowsOf(10);
    const part = report.restrict(createGrants([{ clusters: ['odd'] }])!);
    const texts = createMemory();
    for (let time = 0; time < 3; time += 1) write(report, NAMES, { texts });
    const rows = JSON.parse(write(part, NAMES, { texts })) as { id: string }[];
    expect(rows.map(({ id }) => id)).toEqual([1, 3, 5, 7, 9].map((row) => `row-${row}`));
  });

  test('up to 32 MiB of them', () => {
    const long = 'x'.repeat(40_000);
    const members: readonly RowMember[] = [{ name: long, kind: 'field', field: 'totalCost' }];
    const [under, over] = [rowsOf(800), rowsOf(900)];
    const texts = createMemory();
    for (let time = 0; time < 2; time += 1) for (const report of [under, over]) write(report, members, { texts });
    expect([...texts.kept.values()].map(({ bytes }) => bytes.length)).toEqual([
      Buffer.byteLength(write(under, members, {})),
    ]);
    expect(write(over, members, { texts })).toBe(write(over, members, {}));
  });
});
