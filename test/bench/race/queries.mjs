// The queries: three sizes, one document each. A query is repeated, new, or about a report that is not cached; a
// repeated one is sent in four forms. A counter of fixed length changes from request to request, so that the bytes can be
// changed in place; the rows of the response stay the same.

import { createHash } from 'node:crypto';

export const SIZES = {
  small: { rows: 50, connections: 8, operationName: 'Small', more: '' },
  medium: { rows: 1_000, connections: 4, operationName: 'Page', more: ' hourlyCost replicas' },
  large: { rows: 10_000, connections: 2, operationName: 'Page', more: ' hourlyCost replicas' },
};

/** The placeholder of the counter in a body. */
export const COUNTER = '000000000';

const VARIABLES = {
  /** The same bytes each time. */
  again: { filter: { multiCluster: true } },
  /** The same document and rows with other variables: no cached response matches. All rows cost more than a thousandth. */
  new: { filter: { multiCluster: true }, where: { minTotalCost: 'MIN' } },
  /** A report that is not cached. */
  cold: { filter: { multiCluster: true, namespaces: { names: [`n-${COUNTER}`] } } },
};

/** The other forms of the repeated query. Bare node:http sends its prepared bytes to any of them. */
const FORMS = {
  extensions: (body) => ({ ...body, extensions: { clientLibrary: { name: '@apollo/client', version: '4.0.0' } } }),
  'document-id': ({ query, ...body }) => ({ documentId: hash(query), ...body }),
  get: (body) => body,
};
export const REPEATED_MODES = ['again', ...Object.keys(FORMS)];
export const MODES = [...REPEATED_MODES, 'new', 'cold'];

const FIELDS = 'clusterName namespace workloadName workloadType totalCost savingsAvailable';

/** The body of a request, with the counter in its place. */
export function toBody(mode, size) {
  const { rows, operationName } = SIZES[size];
  const variables = { ...(VARIABLES[mode] ?? VARIABLES.again), first: rows };
  const body = { operationName, query: toQuery(size), variables };
  return JSON.stringify(FORMS[mode]?.(body) ?? body).replace('"MIN"', `0.0001${COUNTER}`);
}

/**
 * The request of a query: a body to POST, or none for a GET with everything in its path.
 * @returns {{ path: string, body?: string }}
 */
export function toRequestOptions(mode, size) {
  const body = toBody(mode, size);
  if (mode !== 'get') return { path: '/graphql', body };
  const { variables, ...rest } = JSON.parse(body);
  return { path: `/graphql?${new URLSearchParams({ ...rest, variables: JSON.stringify(variables) })}` };
}

/** The content of GATEWAY_TRUSTED_DOCUMENTS for `document-id`. */
export function toTrustedDocuments() {
  return Object.fromEntries(Object.keys(SIZES).map((size) => [hash(toQuery(size)), toQuery(size)]));
}

function toQuery(size) {
  const { operationName, more } = SIZES[size];
  return `query ${operationName}($filter: WorkloadCostsFilter, $where: CostRowsWhere, $first: Int) {
  workloadCosts(filter: $filter) { rows(where: $where, first: $first) { totalCount nodes { ${FIELDS}${more} } } }
}`;
}

function hash(query) {
  return createHash('sha256').update(query).digest('hex');
}

/** The expected response, from the rows that ScaleOps sends. */
export function toExpected(size, report) {
  const { rows, more } = SIZES[size];
  const names = `${FIELDS}${more}`.split(' ');
  const nodes = report.slice(0, rows).map((row) => Object.fromEntries(names.map((name) => [name, row[name]])));
  return { workloadCosts: { rows: { totalCount: report.length, nodes } } };
}
