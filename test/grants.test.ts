// What somebody may see of a report, by itself: which rows, what they are added up to, what is kept of it, and what a
// file of scopes says. Each beside the plain way.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseScopes } from '../src/auth/permissions.js';
import { decodeReport } from '../src/report/parse/json-parser.js';
import { toGrantedRequest } from '../src/report/permissions/restrict-request.js';
import { createGrants, type Grants } from '../src/report/permissions/permissions.js';
import type { Report } from '../src/report/report.js';
import type { AggregatedCostsRequest, WorkloadCostsRequest } from '../src/report/request.js';
import { anyReport, isDecimalColumn, readRows, sumExactly, SUMMED, type Row } from './kit/reference.js';
import { anyEntry, anyFleet, anyGrant, mayShow, type Grant } from './kit/visible-fleet.js';

const RUNS = { numRuns: 500 };
const grantsOf = (list: readonly Grant[]): Grants => createGrants(list)!;
const reportOf = (rows: readonly object[], clusters: readonly string[] = []): Report =>
  decodeReport({ aggregatedWorkloads: rows, clusters }).report;
const rowsOf = (report: Report) => report.selectRows({}).rows;
const anyGrants = fc.array(anyGrant, { minLength: 1, maxLength: 4 });

describe('grants', () => {
  test('leave of a report just the rows that are in one of them', () => {
    fc.assert(
      fc.property(anyFleet, anyGrants, ({ rows }, list) => {
        const { rows: seen } = reportOf(rows).restrict(grantsOf(list)).selectRows({});
        const expected = rows.filter((row) => mayShow(list, row)).map(({ services }) => services);
        expect(seen.map(({ services }) => services)).toEqual(expected);
      }),
      RUNS,
    );
  });

  test('cut twice leave what is in both', () => {
    fc.assert(
      fc.property(anyFleet, anyGrants, anyGrants, ({ rows }, first, second) => {
        const seen = rowsOf(reportOf(rows).restrict(grantsOf(first)).restrict(grantsOf(second)));
        const expected = rows.filter((row) => mayShow(first, row) && mayShow(second, row));
        expect(seen.map(({ services }) => services)).toEqual(expected.map(({ services }) => services));
      }),
      RUNS,
    );
  });

  test('of which one is everything are none', () => {
    expect(createGrants([{ clusters: ['a'] }, {}])).toBeUndefined();
    expect(createGrants([{ clusters: undefined, namespaces: undefined }])).toBeUndefined();
  });

  test('have one key in whatever order they are written, and another where they are others', () => {
    const key = (...list: Grant[]) => grantsOf(list).key;
    const one = key({ clusters: ['a', 'b'] }, { namespaces: ['x'] });
    expect(key({ namespaces: ['x', 'x'] }, { clusters: ['b', 'a', 'b'] })).toBe(one);
    const others = [
      key({ clusters: ['a', 'b'], namespaces: ['x'] }),
      key({ clusters: ['a'] }, { clusters: ['b'], namespaces: ['x'] }),
      key({ namespaces: ['a', 'b'] }, { clusters: ['x'] }),
      key({ clusters: ['a,b'] }, { namespaces: ['x'] }),
      key({ clusters: ['a","b'] }, { namespaces: ['x'] }),
      key({ clusters: ['A', 'b'] }, { namespaces: ['x'] }),
    ];
    expect(new Set([one, ...others]).size).toBe(1 + others.length);
  });

  test('have a cluster and a namespace just where a row of them could be seen', () => {
    fc.assert(
      fc.property(
        anyGrants,
        fc.constantFrom('a', 'A', 'b', 'nowhere'),
        fc.constantFrom('x', 'X', 'y'),
        (list, c, n) => {
          const grants = grantsOf(list);
          expect(grants.hasCluster(c)).toBe(
            list.some(({ clusters }) => clusters === undefined || clusters.includes(c)),
          );
          expect(grants.hasNamespace(n, [c])).toBe(mayShow(list, { clusterName: c, namespace: n }));
          expect(grants.hasNamespace(n)).toBe(
            list.some(({ namespaces }) => namespaces === undefined || namespaces.includes(n)),
          );
        },
      ),
      RUNS,
    );
  });

  test('are looked up by the pair of names once, however many rows have it', () => {
    // 2,000 clusters of 2,000 namespaces each would be four million pairs, of which there are 2,000.
    const rows = Array.from({ length: 2_000 }, (_, index) => ({ clusterName: `c${index}`, namespace: `n${index}` }));
    const seen = rowsOf(reportOf(rows).restrict(grantsOf([{ namespaces: ['n7', 'n1999'] }, { clusters: ['c3'] }])));
    expect(seen.map(({ clusterName }) => clusterName)).toEqual(['c3', 'c7', 'c1999']);
  });
});

describe('a report that was cut', () => {
  test('says of its rows what a report of these alone says, to the last digit', () => {
    const asked = (report: Report) => ({
      clusters: report.clusters,
      totals: SUMMED.map((field) => report.sumRows().sum(field)),
      some: SUMMED.map((field) => report.sumRows({ minTotalCost: 0, search: 'a' }).sum(field)),
      rows: rowsOf(report),
      sorted: report.selectRows({ orderBy: [{ field: 'totalCost', direction: 'DESC' }], first: 3 }).rows,
      groups: report
        .breakDown({ by: [{ field: 'namespace' }], orderBy: { field: 'key', direction: 'ASC' }, first: 2 })
        .groups.map(({ keys, share, totals }) => [keys, share, SUMMED.map((field) => totals.sum(field))]),
      hasCluster: ['a', 'A', 'b', 'x'].map((name) => report.hasCluster(name)),
      parts: [...report.split([{ clusterName: 'a' }, { clusterName: 'B', namespace: 'b' }])].map(([scope, part]) => [
        scope,
        rowsOf(part),
      ]),
      found: [['a', 'b'] as const, ['b', 'api'] as const].map(([type, name]) => report.findWorkload(type, name)),
    });
    const anyPart = fc.record({ clusters: fc.subarray(['a', 'b', 'A', 'api'], { minLength: 1 }) });
    fc.assert(
      fc.property(anyReport(24, 1), anyPart, (json, grant) => {
        const all = json.aggregatedWorkloads!;
        const own = all.filter((row) => mayShow([grant], row));
        const clusters = [...new Set(own.map(({ clusterName }) => clusterName!))];
        const cut = decodeReport(json).report.restrict(grantsOf([grant]));
        expect(asked(cut)).toEqual(asked(reportOf(own, clusters)));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each<[string, readonly number[], readonly number[]]>([
    ['decimals among thirds', [0.1, 0.2, 0.3], [1 / 3, 1e100]],
    ['large decimals among smaller ones', [9_007_199_254_740.5, 9_007_199_254_741.5, 0.5], [0.000001]],
    ['thirds among decimals', [1 / 3, 2 / 3], [0.1, 0.2]],
    ['whole numbers among decimals', [2 ** 50, 2 ** 50, 2 ** 50, 1], [0.5]],
    ['whole numbers that are large among thirds', [2 ** 51, 2 ** 51, 1, 2 ** 51], [1 / 3]],
  ])('adds up %s as if there were nothing else', (_what, own, others) => {
    const toRow = (clusterName: string) => (totalCost: number) => ({ clusterName, totalCost });
    const report = reportOf([...own.map(toRow('own')), ...others.map(toRow('other'))]);
    const cut = report.restrict(grantsOf([{ clusters: ['own'] }]));
    const expected = reportOf(own.map(toRow('own')))
      .sumRows()
      .sum('totalCost');
    expect(cut.sumRows().sum('totalCost')).toBe(expected);
    const by = cut.breakDown({ by: [{ field: 'clusterName' }], orderBy: { field: 'key', direction: 'ASC' } });
    expect(by.groups.map(({ totals }) => totals.sum('totalCost'))).toEqual([expected]);
  });

  test('is kept with a report that is large enough, and shares with it what was worked out', () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({ clusterName: `c${index % 2}`, totalCost: index }));
    const report = reportOf(rows);
    const grants = grantsOf([{ clusters: ['c1'] }]);
    expect(report.restrict(grants)).toBe(report.restrict(grantsOf([{ clusters: ['c1', 'c1'] }])));
    expect(report.restrict(grants)).not.toBe(report.restrict(grantsOf([{ clusters: ['c0'] }])));
    expect(report.restrict(grants)).not.toBe(report.restrict(grants, { byCluster: true }));
    // What one takes counts, so that as many as there may be are no more than the report may keep.
    const few = reportOf(rows.slice(0, 100));
    expect(few.restrict(grants)).not.toBe(few.restrict(grants));
    expect(report.restrict(grants).byteSize).toBeGreaterThan(500 * 4);
  });
});

describe('rows that were told apart', () => {
  const anyLabels = fc.option(
    fc.array(fc.record({ key: fc.constantFrom('team', 'env'), value: fc.constantFrom('', 'a', 'a/b', 'a=b', 'b') }), {
      maxLength: 2,
    }),
    { nil: null },
  );
  /** As a set of pairs: their order says nothing, and no list is an empty one. */
  const canonical = (list: Row['labels']) =>
    JSON.stringify((list ?? []).map(({ key, value }) => [key, value].join('=')).sort());

  test('are added up by cluster, labels and annotations, exactly, each group with an id of its own', () => {
    const anyRows = anyReport(20).chain((json) =>
      fc
        .array(fc.tuple(anyLabels, anyLabels, fc.constantFrom('a', 'b', 'a/b', null)), { minLength: 20, maxLength: 20 })
        .map((names) => ({
          aggregatedWorkloads: (json.aggregatedWorkloads ?? []).map((raw, index) => {
            const [labels, annotations, clusterName] = names[index]!;
            return { ...raw, labels, annotations, clusterName, ownerLabels: null };
          }),
        })),
    );
    const grants = grantsOf([{ namespaces: ['none'] }, { clusters: ['a', 'b', 'a/b'] }]);
    fc.assert(
      fc.property(anyRows, fc.boolean(), (json, byCluster) => {
        const all = readRows(json);
        const rows = all.filter(({ clusterName }) => clusterName !== null);
        const groups = new Map<string, Row[]>();
        for (const row of rows) {
          const key = [byCluster ? row.clusterName : null, canonical(row.labels), canonical(row.annotations)].join(
            '\n',
          );
          groups.set(key, [...(groups.get(key) ?? []), row]);
        }
        const added = rowsOf(decodeReport(json).report.restrict(grants, { byCluster }));
        expect(added.map(({ clusterName }) => clusterName)).toEqual(
          [...groups.values()].map(([first]) => (byCluster ? first!.clusterName : null)),
        );
        expect(new Set(added.map(({ id }) => id)).size).toBe(groups.size);
        for (const field of SUMMED) {
          // Of which unit the column is, all of its rows decide.
          const isDecimal = isDecimalColumn(all.map((row) => row[field]));
          const expected = Array.from(groups.values(), (own) => {
            const values = own.map((row) => row[field]);
            return values.every((value) => value === null) ? null : sumExactly(values, isDecimal) + 0;
          });
          expect(added.map((row) => row[field])).toEqual(expected);
        }
      }),
      RUNS,
    );
  });

  test('have an id that others have not, whatever signs stand in labels and names', () => {
    const rows = [
      { clusterName: 'a', labels: { k: 'b/label:x=y' } },
      { clusterName: 'a', labels: { k: 'b', x: 'y' } },
      { clusterName: 'a', annotations: { k: 'b' } },
      { clusterName: 'a', labels: { k: 'b' } },
      { clusterName: 'a/label:k=b' },
      { clusterName: 'a%2flabel:k=b' },
      { clusterName: 'a' },
      { clusterName: 'a', labels: { k: '\ud83d' } },
    ];
    const added = rowsOf(
      reportOf(rows).restrict(grantsOf([{ namespaces: ['x'] }, { clusters: ['a', 'a/label:k=b', 'a%2flabel:k=b'] }]), {
        byCluster: true,
      }),
    );
    const ids = added.map(({ id }) => id);
    expect(new Set(ids).size).toBe(rows.length);
    expect(ids.slice(-2)[0]).toBe('a');
    expect(ids[3]).toBe('a/label:k=b');
  });

  test('are no more workloads than fit, and have no more hours than there are', () => {
    const rows = [
      { clusterName: 'a', amountOfWorkloads: 2_147_483_647, onDemandHours: 1, spotHours: 3 },
      { clusterName: 'a', namespace: 'x', amountOfWorkloads: 5, onDemandHours: 2, spotHours: null },
      { clusterName: 'b', amountOfWorkloads: -2_147_483_647 },
      { clusterName: 'b', amountOfWorkloads: -2_147_483_647 },
    ];
    const [a, b] = rowsOf(reportOf(rows).restrict(grantsOf([{ clusters: ['a', 'b'] }]), { byCluster: true }));
    expect(a).toMatchObject({ amountOfWorkloads: 2_147_483_647, onDemandPercent: 50, spotPercent: 50, spotHours: 3 });
    expect(b).toMatchObject({
      amountOfWorkloads: -2_147_483_647,
      onDemandPercent: null,
      spotPercent: null,
      onDemandHours: null,
      totalCost: null,
    });
    expect(a).toMatchObject({ namespace: null, workloadName: null, workloadType: null, services: [], ownerLabels: [] });
  });
});

describe('what is asked in place of a request', () => {
  const narrow = (request: Omit<WorkloadCostsRequest, 'report'>, list: readonly Grant[]) =>
    toGrantedRequest({ report: 'workloads', ...request }, grantsOf(list));

  test('stays as it is where there are more names than are sent', () => {
    const names = Array.from({ length: 1_001 }, (_, index) => `c${index}`);
    expect(narrow({}, [{ clusters: names }]).request).not.toHaveProperty('clusterFilters');
    expect(narrow({}, [{ clusters: names.slice(1) }]).request).toMatchObject({ clusterFilters: names.slice(1).sort() });
    const left = { clusterFilters: ['c0'], isClusterExclude: true };
    expect(narrow(left, [{ clusters: names }]).request.report).toBe('workloads');
    expect(narrow(left, [{ clusters: names }]).request).toMatchObject({ clusterFilters: names.slice(1).sort() });
  });

  test('is for nothing where nothing is left, and never without a condition', () => {
    fc.assert(
      fc.property(anyGrants, fc.subarray(['a', 'A', 'b', 'nowhere', 'c'], { minLength: 1 }), (list, names) => {
        fc.pre(list.every(({ clusters }) => clusters !== undefined));
        const granted = new Set(list.flatMap(({ clusters }) => clusters!));
        const { request, grants } = narrow({ clusterFilters: names, isClusterExclude: true }, list) as {
          request: WorkloadCostsRequest;
          grants: Grants;
        };
        expect(request.clusterFilters).not.toEqual([]);
        if ([...granted].every((name) => names.includes(name))) {
          expect(grants.hasCluster([...granted][0]!)).toBe(false);
          expect(request.clusterFilters).toEqual([...granted].sort());
          expect(request.isClusterExclude).toBeUndefined();
        }
      }),
      RUNS,
    );
  });

  test.each<[Partial<AggregatedCostsRequest>, readonly Grant[], object | undefined]>([
    [{}, [{ clusters: ['a'] }], { byCluster: false }],
    [{ groupByCluster: true }, [{ clusters: ['a'] }], undefined],
    [{ groupByCluster: true }, [{ namespaces: ['x'] }], { byCluster: true }],
    [{ groupByNamespace: true }, [{ namespaces: ['x'] }], undefined],
    [{ groupByNamespace: true, groupByCluster: true }, [{ clusters: ['a'] }], undefined],
    [{ groupByCluster: false }, [{ clusters: ['a'] }, { namespaces: ['x'] }], { byCluster: false }],
  ])('%j of %j is added up by %j', (request, list, expected) => {
    expect(toGrantedRequest({ report: 'aggregated', ...request }, grantsOf(list)).regrouping).toEqual(expected);
  });
});

describe('a file of scopes', () => {
  const problemsOf = (file: unknown): string[] => {
    const problems: string[] = [];
    parseScopes(typeof file === 'string' ? file : JSON.stringify(file), problems);
    return problems;
  };
  const PLACE = (entry: string) => new RegExp(`^${entry} must be "all" or a list of objects`);

  test.each<[string, unknown, readonly RegExp[]]>([
    ['no JSON', '{canary', [/JSON object/]],
    ['a list', [], [/JSON object/]],
    ['null', null, [/JSON object/]],
    ['a text', '"canary"', [/JSON object/]],
    ['nobody', {}, [/must have at least one entry/]],
    ['nobody in its sections', { callers: {}, claims: {} }, [/must have at least one entry/]],
    ['other sections', { canary: {}, callers: { ann: 'all' } }, [/may hold `callers` and `claims` and nothing else/]],
    ['a section that is a list', { callers: ['canary'] }, [/must have an object as `callers`/]],
    ['a section that is a text', { callers: { a: 'all' }, claims: 'canary' }, [/must have an object as `claims`/]],
    ['all in another case', { callers: { canary: 'ALL' } }, [PLACE('entry 1 of `callers`')]],
    ['an entry that is null', { callers: { canary: null } }, [PLACE('entry 1 of `callers`')]],
    ['an empty entry', { callers: { ann: 'all', canary: [] } }, [PLACE('entry 2 of `callers`')]],
    ['a grant that is none', { claims: { canary: [{}] } }, [PLACE('entry 1 of `claims`')]],
    ['a grant that is a text', { claims: { canary: ['canary'] } }, [PLACE('entry 1 of `claims`')]],
    ['an empty list', { callers: { ann: [{ clusters: [] }] } }, [PLACE('entry 1 of `callers`')]],
    [
      'an empty list beside names',
      { callers: { ann: [{ clusters: ['a'], namespaces: [] }] } },
      [PLACE('entry 1 of `callers`')],
    ],
    ['an empty name', { callers: { ann: [{ clusters: ['a', ''] }] } }, [PLACE('entry 1 of `callers`')]],
    ['a name that is no text', { callers: { ann: [{ namespaces: [7] }] } }, [PLACE('entry 1 of `callers`')]],
    ['null for a list', { callers: { ann: [{ clusters: ['a'], namespaces: null }] } }, [PLACE('entry 1 of `callers`')]],
    ['a list that is called otherwise', { callers: { ann: [{ cluster: ['a'] }] } }, [PLACE('entry 1 of `callers`')]],
    ['one more list', { callers: { ann: [{ clusters: ['a'], labels: ['a'] }] } }, [PLACE('entry 1 of `callers`')]],
    [
      'a prototype',
      '{"callers":{"ann":[{"clusters":["a"],"__proto__":{"namespaces":["x"]}}]}}',
      [PLACE('entry 1 of `callers`')],
    ],
    ['a prototype in place of sections', '{"__proto__":{"callers":{"ann":"all"}}}', [/nothing else/]],
    [
      'several things',
      { callers: { canary: 1, ann: 'all', bob: [{}] }, claims: { canary: 'x' } },
      [PLACE('entry 1 of `callers`'), PLACE('entry 3 of `callers`'), PLACE('entry 1 of `claims`')],
    ],
  ])('with %s is refused by place, and without a value', (_what, file, expected) => {
    const problems = problemsOf(file);
    expect(problems).toHaveLength(expected.length);
    expected.forEach((pattern, index) => {
      expect(problems[index]).toMatch(pattern);
    });
    expect(problems.join()).not.toContain('canary');
  });

  test('gives whom any of its entries names all that these grant together, and who is in none nothing', () => {
    const anyFile = fc.record({
      callers: fc.dictionary(fc.constantFrom('ann', '__proto__', 'constructor'), anyEntry),
      claims: fc.dictionary(fc.constantFrom('ops', 'dev', '__proto__'), anyEntry),
    });
    const anyIdentity = fc.record({
      name: fc.constantFrom('ann', 'bob', '__proto__', 'constructor', 'ops'),
      claims: fc.array(fc.constantFrom('ops', 'dev', '__proto__', 'ann', 'toString'), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(anyFile, fc.array(anyIdentity, { minLength: 1, maxLength: 4 }), anyFleet, (file, all, { rows }) => {
        const problems: string[] = [];
        const scopes = parseScopes(JSON.stringify(file), problems);
        fc.pre(problems.length === 0);
        for (const { name, claims } of all) {
          const entries = [
            ...(Object.hasOwn(file.callers, name) ? [file.callers[name]!] : []),
            ...claims.flatMap((claim) => (Object.hasOwn(file.claims, claim) ? [file.claims[claim]!] : [])),
          ];
          const grants = scopes.grantsOf({ name, claims });
          if (entries.length === 0) expect(grants).toBeNull();
          else if (entries.includes('all')) expect(grants).toBeUndefined();
          else {
            const seen = rowsOf(reportOf(rows).restrict(grants!)).map(({ services }) => services);
            const own = rows.filter((row) => entries.some((entry) => mayShow(entry, row)));
            expect(seen).toEqual(own.map(({ services }) => services));
          }
        }
      }),
      RUNS,
    );
  });

  test('makes what is granted once for those who are named by the same entries, and forgets it when there is too much', () => {
    const claims = Object.fromEntries(
      Array.from({ length: 1_100 }, (_, index) => [`g${index}`, [{ clusters: ['a'] }]]),
    );
    const scopes = parseScopes(JSON.stringify({ claims }), []);
    const of = (...values: string[]) => scopes.grantsOf({ name: 'nobody', claims: values });
    const first = of('g1', 'g2');
    expect(of('g2', 'g1', 'g2', 'other')).toBe(first);
    expect(of('g1')).not.toBe(first);
    for (let index = 0; index < 1_100; index += 1) of(`g${index}`);
    expect(of('g1', 'g2')).not.toBe(first);
    expect(of('g1', 'g2')?.key).toBe(first?.key);
  });
});
