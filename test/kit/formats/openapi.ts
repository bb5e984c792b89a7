// The upstream's contract as an assertion: schema/scaleops.openapi.yaml, compiled once with Ajv. Tests check the gateway's
// requests and the simulator's responses against it. Ajv's strict mode makes a misspelt keyword in the contract an error.

import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Content {
  readonly content?: Readonly<Record<'application/json', { readonly schema: Schema }>>;
}

interface Operation {
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content | Reference>>;
}

interface Reference {
  readonly $ref: string;
}

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The request; `path` without its query string, `body` parsed, undefined without one. */
interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

const CONTRACT_ID = 'scaleops';

/** The contract, parsed. */
export const upstreamContract = parse(
  readFileSync(new URL('../../../schema/scaleops.openapi.yaml', import.meta.url), 'utf8'),
) as Contract & Record<string, unknown>;

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
formats.default(ajv);
ajv.addVocabulary(['components', 'x-evidence']);
ajv.addSchema({ $id: CONTRACT_ID, components: upstreamContract.components }, undefined, false, false);

const validators = new Map<string, ValidateFunction>();

/** @throws Error with all reasons when the contract documents no such request. Headers are not checked. */
export function assertUpstreamRequest({ method, path, query, body }: UpstreamRequest): void {
  const operation = findOperation(path, method);
  const where = `${method} ${path}`;
  const parameters = (operation.parameters ?? []).map(resolve).filter((parameter) => parameter.in === 'query');
  const reasons = check(`query of ${where}`, toQuerySchema(parameters), toQueryObject(parameters, query), 'query');
  const schema = operation.requestBody?.content?.['application/json'].schema;
  if (schema === undefined ? body !== undefined : body !== undefined || operation.requestBody?.required === true) {
    reasons.push(
      ...(schema === undefined ? ['a body is not documented'] : check(`body of ${where}`, schema, body, 'body')),
    );
  }
  if (reasons.length > 0) throw new Error(`${where} is not what the contract documents: ${reasons.join('; ')}`);
}

/** @throws Error with all reasons when the contract documents no such response to a POST to this path. */
export function assertUpstreamResponse(path: string, status: number, body: unknown): void {
  const where = `${status} from ${path}`;
  const response = findOperation(path, 'POST').responses[status];
  if (response === undefined) throw new Error(`${where} is not documented`);
  const schema = resolve(response).content?.['application/json'].schema;
  const isEmpty = body === undefined || body === null || body === '';
  const reasons =
    schema === undefined ? (isEmpty ? [] : ['a body is not documented']) : check(where, schema, body, 'body');
  if (reasons.length > 0) throw new Error(`${where} is not what the contract documents: ${reasons.join('; ')}`);
}

function findOperation(path: string, method: string): Operation {
  const operations = Object.hasOwn(upstreamContract.paths, path) ? upstreamContract.paths[path] : undefined;
  if (operations === undefined) throw new Error(`the path ${path} is not documented`);
  const operation = operations[method.toLowerCase()];
  if (operation === undefined) throw new Error(`${method} is not documented for ${path}`);
  return operation;
}

function toQuerySchema(parameters: readonly Parameter[]) {
  return {
    type: 'object',
    additionalProperties: false,
    required: parameters.filter(({ required }) => required === true).map(({ name }) => name),
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
  };
}

/** Parses a query string like a server: text that is no number or boolean stays text, and the schema decides. */
function toQueryObject(parameters: readonly Parameter[], query: URLSearchParams): Record<string, unknown> {
  const types = new Map(parameters.map(({ name, schema }) => [name, resolve(schema).type]));
  const names = [...new Set(query.keys())];
  return Object.fromEntries(names.map((name) => [name, fromTexts(types.get(name), query.getAll(name))]));
}

function fromTexts(type: string | undefined, texts: readonly string[]): unknown {
  // Documented: the empty text is the default of a list in the query string.
  if (type === 'array') return texts.filter((text) => text !== '');
  const [text = ''] = texts;
  // A server would use one of them, and it is unknown which.
  if (texts.length > 1) return texts;
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  return text;
}

/** The reasons why the value does not match the schema; empty when it does. */
function check(id: string, schema: object, value: unknown, name: string): string[] {
  const validate = validators.get(id) ?? ajv.compile(toAbsolute(schema));
  validators.set(id, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra = typeof params.additionalProperty === 'string' ? ` (${params.additionalProperty})` : '';
    return `${name}${instancePath} ${message ?? 'is wrong'}${extra}`;
  });
}

/** `#/components/…` points into the contract, also from a schema that is compiled separately. */
function toAbsolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${CONTRACT_ID}#/`)) as object;
}

function resolve<T extends object>(value: T | Reference): T {
  if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
  const names = value.$ref.replace(/^#\//, '').split('/');
  const found = names.reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], upstreamContract);
  if (typeof found !== 'object' || found === null) throw new Error(`the contract has no ${value.$ref}`);
  return found as T;
}
