// The questions: three sizes, each one document, asked in three ways. What changes from request to request is a number of
// fixed length, so that a request's bytes can be changed in place; the rows of the answer are the same all the time.

export const SIZES = {
  small: { rows: 50, connections: 8, operationName: 'Small', more: '' },
  medium: { rows: 1_000, connections: 4, operationName: 'Page', more: ' hourlyCost replicas' },
  large: { rows: 10_000, connections: 2, operationName: 'Page', more: ' hourlyCost replicas' },
};

/** Stands in a body for the number of the request. */
export const COUNTER = '000000000';

const WAYS = {
  /** The same bytes each time. */
  again: { filter: { multiCluster: true } },
  /** The same document and rows, other variables: no kept answer helps. All rows cost more than a thousandth. */
  new: { filter: { multiCluster: true }, where: { minTotalCost: 'MIN' } },
  /** A report that nobody has asked for. */
  cold: { filter: { multiCluster: true, namespaces: { names: [`n-${COUNTER}`] } } },
};
export const MODES = Object.keys(WAYS);

const FIELDS = 'clusterName namespace workloadName workloadType totalCost savingsAvailable';

/** The body of a request, with the counter where it changes. */
export function toBody(mode, size) {
  const { rows, operationName, more } = SIZES[size];
  const query = `query ${operationName}($filter: WorkloadCostsFilter, $where: CostRowsWhere, $first: Int) {
  workloadCosts(filter: $filter) { rows(where: $where, first: $first) { totalCount nodes { ${FIELDS}${more} } } }
}`;
  const text = JSON.stringify({ operationName, query, variables: { ...WAYS[mode], first: rows } });
  return text.replace('"MIN"', `0.0001${COUNTER}`);
}

/** What must come back, from the rows as ScaleOps sends them. */
export function toExpected(size, report) {
  const { rows, more } = SIZES[size];
  const names = `${FIELDS}${more}`.split(' ');
  const nodes = report.slice(0, rows).map((row) => Object.fromEntries(names.map((name) => [name, row[name]])));
  return { workloadCosts: { rows: { totalCount: report.length, nodes } } };
}
