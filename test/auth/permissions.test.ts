// Permissions on reports: visible rows, their sums, cached parts, and the permissions file. Each result is compared
// with a straightforward computation.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parsePermissionsFile } from '../../src/auth/permissions.js';
import { restrictRequest } from '../../src/report/permissions/restrict-request.js';
import { createPermissions, type Permissions } from '../../src/report/permissions/permissions.js';
import type { AggregatedCostsRequest, WorkloadCostsRequest } from '../../src/report/request.js';
import { countSteps, readReport, type SyncReport } from '../kit/report.js';
import { anyReport, isDecimalColumn, readRows, sumExactly, SUMMED, type Row } from '../kit/reference.js';
import { anyEntry, anyFleet, anyRule, mayShow, type Rule } from '../kit/upstream/visible-fleet.js';

const RUNS = { numRuns: 500 };
const permissionsOf = (list: readonly Rule[]): Permissions => createPermissions(list)!;
const reportOf = (rows: readonly object[], clusters: readonly string[] = []): SyncReport =>
  readReport({ aggregatedWorkloads: rows, clusters });
const rowsOf = (report: SyncReport) => report.selectRows({}).rows;
const anyRules = fc.array(anyRule, { minLength: 1, maxLength: 4 });

describe('permissions', () => {
  test('show the rows that one of the rules allows', () => {
    fc.assert(
      fc.property(anyFleet, anyRules, ({ rows }, list) => {
        const { rows: seen } = reportOf(rows).restrict(permissionsOf(list)).selectRows({});
        const expected = rows.filter((row) => mayShow(list, row)).map(({ services }) => services);
        expect(seen.map(({ services }) => services)).toEqual(expected);
      }),
      RUNS,
    );
  });

  test('applied twice show the rows that both allow', () => {
    fc.assert(
      fc.property(anyFleet, anyRules, anyRules, ({ rows }, first, second) => {
        const seen = rowsOf(reportOf(rows).restrict(permissionsOf(first)).restrict(permissionsOf(second)));
        const expected = rows.filter((row) => mayShow(first, row) && mayShow(second, row));
        expect(seen.map(({ services }) => services)).toEqual(expected.map(({ services }) => services));
      }),
      RUNS,
    );
  });

  test('are undefined when a rule allows everything', () => {
    expect(createPermissions([{ clusters: ['a'] }, {}])).toBeUndefined();
    expect(createPermissions([{ clusters: undefined, namespaces: undefined }])).toBeUndefined();
  });

  test('have the same key in any order, and another key for other rules', () => {
    const key = (...list: Rule[]) => permissionsOf(list).key;
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

  test('allow a cluster or namespace exactly when a row of it could be visible', () => {
    fc.assert(
      fc.property(anyRules, fc.constantFrom('a', 'A', 'b', 'nowhere'), fc.constantFrom('x', 'X', 'y'), (list, c, n) => {
        const permissions = permissionsOf(list);
        expect(permissions.hasCluster(c)).toBe(
          list.some(({ clusters }) => clusters === undefined || clusters.includes(c)),
        );
        expect(permissions.hasNamespace(n, [c])).toBe(mayShow(list, { clusterName: c, namespace: n }));
        expect(permissions.hasNamespace(n)).toBe(
          list.some(({ namespaces }) => namespaces === undefined || namespaces.includes(n)),
        );
      }),
      RUNS,
    );
  });

  test('are evaluated once per pair of names', () => {
    // 2,000 clusters with 2,000 namespaces each make four million pairs; the report has 2,000 of them.
    const rows = Array.from({ length: 2_000 }, (_, index) => ({ clusterName: `c${index}`, namespace: `n${index}` }));
    const seen = rowsOf(
      reportOf(rows).restrict(permissionsOf([{ namespaces: ['n7', 'n1999'] }, { clusters: ['c3'] }])),
    );
    expect(seen.map(({ clusterName }) => clusterName)).toEqual(['c3', 'c7', 'c1999']);
  });
});

describe('a restricted report', () => {
  test('equals a report of its visible rows alone, to the last digit', () => {
    const queried = (report: SyncReport) => ({
      clusters: report.clusters,
      totals: SUMMED.map((field) => report.sumRows().sum(field)),
      some: SUMMED.map((field) => report.sumRows({ minTotalCost: 0, search: 'a' }).sum(field)),
      rows: rowsOf(report),
      sorted: report.selectRows({ orderBy: [{ field: 'totalCost', direction: 'DESC' }], first: 3 }).rows,
      groups: report
        .breakDown({ by: [{ field: 'namespace' }], orderBy: { field: 'key', direction: 'ASC' }, first: 2 })
        .groups.map(({ keys, share, totals }) => [keys, share(), SUMMED.map((field) => totals.sum(field))]),
      hasCluster: ['a', 'A', 'b', 'x'].map((name) => report.hasCluster(name)),
      parts: [...report.split([{ clusterName: 'a' }, { clusterName: 'B', namespace: 'b' }])].map(([scope, part]) => [
        scope,
        rowsOf(part),
      ]),
      found: [['a', 'b'] as const, ['b', 'api'] as const].map(([type, name]) => report.findWorkload(type, name)),
    });
    const anyPart = fc.record({ clusters: fc.subarray(['a', 'b', 'A', 'api'], { minLength: 1 }) });
    fc.assert(
      fc.property(anyReport(24, 1), anyPart, (json, rule) => {
        const all = json.aggregatedWorkloads!;
        const own = all.filter((row) => mayShow([rule], row));
        const clusters = [...new Set(own.map(({ clusterName }) => clusterName!))];
        const cut = readReport(json).restrict(permissionsOf([rule]));
        expect(queried(cut)).toEqual(queried(reportOf(own, clusters)));
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
  ])('adds up %s as if there were no hidden rows', (_what, own, others) => {
    const toRow = (clusterName: string) => (totalCost: number) => ({ clusterName, totalCost });
    const report = reportOf([...own.map(toRow('own')), ...others.map(toRow('other'))]);
    const cut = report.restrict(permissionsOf([{ clusters: ['own'] }]));
    const expected = reportOf(own.map(toRow('own')))
      .sumRows()
      .sum('totalCost');
    expect(cut.sumRows().sum('totalCost')).toBe(expected);
    const by = cut.breakDown({ by: [{ field: 'clusterName' }], orderBy: { field: 'key', direction: 'ASC' } });
    expect(by.groups.map(({ totals }) => totals.sum('totalCost'))).toEqual([expected]);
  });

  test('is computed once per report, permissions and grouping, also with one group per row', () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => ({
      clusterName: `c${index % 2}`,
      labels: { app: `a${index}` },
      totalCost: index,
    }));
    const { steps } = reportOf(rows);
    const restrict = (name: string, byCluster?: boolean) =>
      countSteps(
        steps.restrict(permissionsOf([{ clusters: [name] }]), byCluster === undefined ? undefined : { byCluster }),
      );
    expect(restrict('c1')).toBeGreaterThan(10);
    expect(restrict('c1')).toBe(0);
    expect(restrict('c1', true)).toBeGreaterThan(10);
    expect(restrict('c1', true)).toBe(0);
    expect(restrict('c1', false)).toBeGreaterThan(10);
    expect(restrict('c0')).toBeGreaterThan(10);
    expect(restrict('c1', true)).toBe(0);
  });
});

describe('a report that is re-aggregated for a caller', () => {
  const read = (report: SyncReport) => ({
    rows: rowsOf(report).map((row) => [row.id, row.share, row.onDemandPercent, ...SUMMED.map((field) => row[field])]),
    totals: SUMMED.map((field) => report.sumRows().sum(field)),
    groups: report
      .breakDown({ by: [{ field: 'clusterName' }], orderBy: { field: 'totalCost', direction: 'DESC' }, first: 1 })
      .groups.map(({ keys, share, totals }) => [keys, share(), SUMMED.map((field) => totals.sum(field))]),
    sorted: report.selectRows({ orderBy: [{ field: 'hourlyCost', direction: 'ASC' }] }).rows.map(({ id }) => id),
  });

  test('has the sums of a report without hidden rows, to the last digit', () => {
    const anyPart = fc.record({ clusters: fc.subarray(['a', 'b', 'A', 'api'], { minLength: 1 }) });
    fc.assert(
      fc.property(anyReport(24, 1), anyPart, fc.boolean(), (json, rule, byCluster) => {
        const own = json.aggregatedWorkloads!.filter((row) => mayShow([rule], row));
        const restrict = (rows: readonly object[]) =>
          read(reportOf(rows).restrict(permissionsOf([rule]), { byCluster }));
        expect(restrict(json.aggregatedWorkloads!)).toEqual(restrict(own));
      }),
      { numRuns: 1_000 },
    );
  });

  test('adds visible tenths up to 0.3 beside a hidden third', () => {
    const rows = [0.1, 0.2].map((totalCost) => ({ clusterName: 'own', totalCost, hourlyCost: totalCost }));
    const all = reportOf([...rows, { clusterName: 'other', totalCost: 1 / 3, hourlyCost: 1 / 3 }]);
    const [row] = rowsOf(all.restrict(permissionsOf([{ clusters: ['own'] }]), { byCluster: false }));
    expect(row).toMatchObject({ totalCost: 0.3, hourlyCost: 0.3, share: 1 });
  });
});

describe('re-aggregated rows', () => {
  const anyLabels = fc.option(
    fc.array(fc.record({ key: fc.constantFrom('team', 'env'), value: fc.constantFrom('', 'a', 'a/b', 'a=b', 'b') }), {
      maxLength: 2,
    }),
    { nil: null },
  );
  /** Pairs as a set: their order has no meaning, and an absent list equals an empty one. */
  const canonical = (list: Row['labels']) =>
    JSON.stringify((list ?? []).map(({ key, value }) => [key, value].join('=')).sort());

  test('are exact sums by cluster, labels and annotations, each with its own id', () => {
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
    const permissions = permissionsOf([{ namespaces: ['none'] }, { clusters: ['a', 'b', 'a/b'] }]);
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
        const added = rowsOf(readReport(json).restrict(permissions, { byCluster }));
        expect(added.map(({ clusterName }) => clusterName)).toEqual(
          [...groups.values()].map(([first]) => (byCluster ? first!.clusterName : null)),
        );
        expect(new Set(added.map(({ id }) => id)).size).toBe(groups.size);
        for (const field of SUMMED) {
          // Only visible rows decide whether the column has a decimal unit.
          const isDecimal = isDecimalColumn(rows.map((row) => row[field]));
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

  const byTeam = (rows: readonly object[], labels: readonly string[] = ['team']) =>
    reportOf(rows.map((row) => ({ clusterName: 'a', ...row }))).restrict(permissionsOf([{ clusters: ['a'] }]), {
      byCluster: false,
      labels,
    });
  const costsOf = (report: SyncReport, key = 'team') =>
    rowsOf(report).map((row) => [row.valueOf({ label: key }), row.totalCost]);

  test.each(['ownerLabels', 'labels'])('are groups by the labels in %s, and show them', (field) => {
    const rows = Object.entries({ a: 10, b: 9, c: 8 }).map(([value, totalCost]) => ({
      [field]: [{ key: 'team', value }],
      totalCost,
    }));
    const report = byTeam([...rows, { ...rows[0], namespace: 'x', totalCost: 1 }]);
    const expected = [
      ['a', 11],
      ['b', 9],
      ['c', 8],
    ];
    expect(costsOf(report)).toEqual(expected);
    expect(rowsOf(report).map((row) => (row as unknown as Record<string, unknown>)[field])).toEqual(
      expected.map(([value]) => [{ key: 'team', value }]),
    );
    const by = [{ label: 'team' }];
    const { groups } = report.breakDown({ by, orderBy: { field: 'totalCost', direction: 'DESC' } });
    expect(groups.map(({ keys, totals }) => [keys[0], totals.sum('totalCost')])).toEqual(expected);
    const where = { dimensions: [{ by: { label: 'team' }, values: ['a'], exclude: false }] };
    expect(report.sumRows(where).sum('totalCost')).toBe(11);
    expect(new Set(rowsOf(report).map(({ id }) => id)).size).toBe(3);
  });

  test('are one group when a label is in ownerLabels of one row and in labels of another', () => {
    const report = byTeam([
      { ownerLabels: { team: 'a' }, labels: { team: 'z' }, totalCost: 1 },
      { labels: { team: 'a' }, totalCost: 2 },
      { ownerLabels: { team: '' }, labels: ['team=a', 'team=b'], totalCost: 3 },
      { ownerLabels: { team: '' }, totalCost: 4 },
      { totalCost: 5 },
    ]);
    expect(costsOf(report)).toEqual([
      ['a', 6],
      [null, 9],
    ]);
  });

  test("have none of the owner's other labels, which differ within a group", () => {
    const rows = ['x', 'y'].map((app) => ({ ownerLabels: { app, team: 'a', env: 'e' }, totalCost: 1 }));
    const report = byTeam([...rows, { ownerLabels: { team: 'b' }, totalCost: 4 }, { ownerLabels: { app: 'x' } }]);
    expect(costsOf(report)).toEqual([
      ['a', 2],
      ['b', 4],
      [null, null],
    ]);
    expect(rowsOf(report).map(({ ownerLabels }) => ownerLabels)).toEqual([
      [{ key: 'team', value: 'a' }],
      [{ key: 'team', value: 'b' }],
      [],
    ]);
    expect(costsOf(byTeam(rows, []), 'app')).toEqual([[null, 2]]);
  });

  test('count the visible rows without a cost', () => {
    const row = (team: string, totalCost: unknown, clusterName = 'a') => ({
      ...{ clusterName, labels: { team }, totalCost },
    });
    const rows = [row('x', 10), row('x', null), row('x', ''), row('y', 1), row('z', 'NaN'), row('x', null, 'hidden')];
    const report = byTeam(rows);
    expect(costsOf(report)).toEqual([
      ['x', 10],
      ['y', 1],
      ['z', null],
    ]);
    expect(report.sumRows().rowsWithoutCost()).toBe(3);
    const where = { dimensions: [{ by: { label: 'team' }, values: ['x', 'y'], exclude: false }] };
    expect(report.sumRows(where).rowsWithoutCost()).toBe(2);
    const query = { by: [{ label: 'team' }], orderBy: { field: 'totalCost', direction: 'DESC' }, first: 1 } as const;
    const { groups, others, totals } = report.breakDown(query);
    const counts = [groups[0]!.totals, others!, totals].map((each) => each.rowsWithoutCost());
    expect(counts).toEqual([2, 1, 3]);
    expect([...report.split([{ clusterName: 'none' }]).values()]).toEqual([]);
  });

  test('have unique ids, whatever characters labels and names contain', () => {
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
      reportOf(rows).restrict(
        permissionsOf([{ namespaces: ['x'] }, { clusters: ['a', 'a/label:k=b', 'a%2flabel:k=b'] }]),
        {
          byCluster: true,
        },
      ),
    );
    const ids = added.map(({ id }) => id);
    expect(new Set(ids).size).toBe(rows.length);
  });

  test('limit the number of workloads to Int, and compute percentages from hours', () => {
    const rows = [
      { clusterName: 'a', amountOfWorkloads: 2_147_483_647, onDemandHours: 1, spotHours: 3 },
      { clusterName: 'a', namespace: 'x', amountOfWorkloads: 5, onDemandHours: 2, spotHours: null },
      { clusterName: 'b', amountOfWorkloads: -2_147_483_647 },
      { clusterName: 'b', amountOfWorkloads: -2_147_483_647 },
    ];
    const [a, b] = rowsOf(reportOf(rows).restrict(permissionsOf([{ clusters: ['a', 'b'] }]), { byCluster: true }));
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

describe('a restricted request', () => {
  const narrow = (request: Omit<WorkloadCostsRequest, 'report'>, list: readonly Rule[]) =>
    restrictRequest({ report: 'workloads', ...request }, permissionsOf(list));

  test('has no list of names when the list is too long', () => {
    const names = Array.from({ length: 1_001 }, (_, index) => `c${index}`);
    expect(narrow({}, [{ clusters: names }]).request).not.toHaveProperty('clusterFilters');
    expect(narrow({}, [{ clusters: names.slice(1) }]).request).toMatchObject({ clusterFilters: names.slice(1).sort() });
    const left = { clusterFilters: ['c0'], isClusterExclude: true };
    expect(narrow(left, [{ clusters: names }]).request.report).toBe('workloads');
    expect(narrow(left, [{ clusters: names }]).request).toMatchObject({ clusterFilters: names.slice(1).sort() });
  });

  test('gets nothing when no permitted name is left, and never has an empty list', () => {
    fc.assert(
      fc.property(anyRules, fc.subarray(['a', 'A', 'b', 'nowhere', 'c'], { minLength: 1 }), (list, names) => {
        fc.pre(list.every(({ clusters }) => clusters !== undefined));
        const allowed = new Set(list.flatMap(({ clusters }) => clusters!));
        const { request, permissions } = narrow({ clusterFilters: names, isClusterExclude: true }, list) as {
          request: WorkloadCostsRequest;
          permissions: Permissions;
        };
        expect(request.clusterFilters).not.toEqual([]);
        if ([...allowed].every((name) => names.includes(name))) {
          expect(permissions.hasCluster([...allowed][0]!)).toBe(false);
          expect(request.clusterFilters).toEqual([...allowed].sort());
          expect(request.isClusterExclude).toBeUndefined();
        }
      }),
      RUNS,
    );
  });

  test.each<[Partial<AggregatedCostsRequest>, readonly Rule[], object | undefined]>([
    [{}, [{ clusters: ['a'] }], { byCluster: false }],
    [{ groupByCluster: true }, [{ clusters: ['a'] }], undefined],
    [{ groupByCluster: true }, [{ namespaces: ['x'] }], { byCluster: true }],
    [{ groupByNamespace: true }, [{ namespaces: ['x'] }], undefined],
    [{ groupByNamespace: true, groupByCluster: true }, [{ clusters: ['a'] }], undefined],
    [{ groupByCluster: false }, [{ clusters: ['a'] }, { namespaces: ['x'] }], { byCluster: false }],
  ])('%j with rules %j is re-aggregated by %j', (request, list, expected) => {
    expect(restrictRequest({ report: 'aggregated', ...request }, permissionsOf(list)).reAggregation).toEqual(expected);
  });
});

describe('a permissions file', () => {
  const problemsOf = (file: unknown): string[] => {
    const problems: string[] = [];
    parsePermissionsFile(typeof file === 'string' ? file : JSON.stringify(file), problems);
    return problems;
  };
  const PLACE = (entry: string) => new RegExp(`^${entry} must be "all" or a list of objects`);

  test.each<[string, unknown, readonly RegExp[]]>([
    ['no JSON', '{canary', [/JSON object/]],
    ['a list', [], [/JSON object/]],
    ['null', null, [/JSON object/]],
    ['a text', '"canary"', [/JSON object/]],
    ['an empty object', {}, [/must have at least one entry/]],
    ['empty sections', { callers: {}, claims: {} }, [/must have at least one entry/]],
    ['other sections', { canary: {}, callers: { ann: 'all' } }, [/may hold `callers` and `claims` and nothing else/]],
    ['a section that is a list', { callers: ['canary'] }, [/must have an object as `callers`/]],
    ['a section that is a text', { callers: { a: 'all' }, claims: 'canary' }, [/must have an object as `claims`/]],
    ['"all" in another case', { callers: { canary: 'ALL' } }, [PLACE('entry 1 of `callers`')]],
    ['an entry that is null', { callers: { canary: null } }, [PLACE('entry 1 of `callers`')]],
    ['an empty entry', { callers: { ann: 'all', canary: [] } }, [PLACE('entry 2 of `callers`')]],
    ['an empty rule', { claims: { canary: [{}] } }, [PLACE('entry 1 of `claims`')]],
    ['a rule that is a text', { claims: { canary: ['canary'] } }, [PLACE('entry 1 of `claims`')]],
    ['an empty list', { callers: { ann: [{ clusters: [] }] } }, [PLACE('entry 1 of `callers`')]],
    [
      'an empty list beside names',
      { callers: { ann: [{ clusters: ['a'], namespaces: [] }] } },
      [PLACE('entry 1 of `callers`')],
    ],
    ['an empty name', { callers: { ann: [{ clusters: ['a', ''] }] } }, [PLACE('entry 1 of `callers`')]],
    ['a name that is no text', { callers: { ann: [{ namespaces: [7] }] } }, [PLACE('entry 1 of `callers`')]],
    ['null for a list', { callers: { ann: [{ clusters: ['a'], namespaces: null }] } }, [PLACE('entry 1 of `callers`')]],
    ['a list with an unknown name', { callers: { ann: [{ cluster: ['a'] }] } }, [PLACE('entry 1 of `callers`')]],
    ['an additional list', { callers: { ann: [{ clusters: ['a'], labels: ['a'] }] } }, [PLACE('entry 1 of `callers`')]],
    [
      'a prototype',
      '{"callers":{"ann":[{"clusters":["a"],"__proto__":{"namespaces":["x"]}}]}}',
      [PLACE('entry 1 of `callers`')],
    ],
    ['a prototype in place of sections', '{"__proto__":{"callers":{"ann":"all"}}}', [/nothing else/]],
    [
      'several mistakes',
      { callers: { canary: 1, ann: 'all', bob: [{}] }, claims: { canary: 'x' } },
      [PLACE('entry 1 of `callers`'), PLACE('entry 3 of `callers`'), PLACE('entry 1 of `claims`')],
    ],
  ])('is refused with %s; the error names the path and no value', (_what, file, expected) => {
    const problems = problemsOf(file);
    expect(problems).toHaveLength(expected.length);
    expected.forEach((pattern, index) => {
      expect(problems[index]).toMatch(pattern);
    });
    expect(problems.join()).not.toContain('canary');
  });

  test('grants a caller the union of its entries, and nothing without an entry', () => {
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
        const parsed = parsePermissionsFile(JSON.stringify(file), problems);
        fc.pre(problems.length === 0);
        for (const { name, claims } of all) {
          const entries = [
            ...(Object.hasOwn(file.callers, name) ? [file.callers[name]!] : []),
            ...claims.flatMap((claim) => (Object.hasOwn(file.claims, claim) ? [file.claims[claim]!] : [])),
          ];
          const permissions = parsed.permissionsOf({ name, claims });
          if (entries.length === 0) expect(permissions).toBeNull();
          else if (entries.includes('all')) expect(permissions).toBeUndefined();
          else {
            const seen = rowsOf(reportOf(rows).restrict(permissions!)).map(({ services }) => services);
            const own = rows.filter((row) => entries.some((entry) => mayShow(entry, row)));
            expect(seen).toEqual(own.map(({ services }) => services));
          }
        }
      }),
      RUNS,
    );
  });

  test('caches the permissions of equal entries within a bound', () => {
    const claims = Object.fromEntries(
      Array.from({ length: 1_100 }, (_, index) => [`g${index}`, [{ clusters: ['a'] }]]),
    );
    const file = parsePermissionsFile(JSON.stringify({ claims }), []);
    const of = (...values: string[]) => file.permissionsOf({ name: 'nobody', claims: values });
    const first = of('g1', 'g2');
    expect(of('g2', 'g1', 'g2', 'other')).toBe(first);
    expect(of('g1')).not.toBe(first);
    for (let index = 0; index < 1_100; index += 1) of(`g${index}`);
    expect(of('g1', 'g2')).not.toBe(first);
    expect(of('g1', 'g2')?.key).toBe(first?.key);
  });
});
