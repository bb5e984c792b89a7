// Parsing of what a request asks for: the page's parameters and nothing else. A real server may be lenient; this one
// refuses whatever the page does not document (BadRequest, a 400), because a gateway that sends a misspelt or mistyped
// parameter would otherwise get an answer to another question, and no test would notice.

export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** How a parameter is written; `labels` are strings `key=value`. */
export type Form = 'strings' | 'labels' | 'boolean' | 'integer' | 'operator' | 'range';
type Value = readonly string[] | boolean | number | string;

export interface Given {
  strings(name: string): readonly string[];
  labels(name: string): readonly { readonly key: string; readonly value: string }[];
  boolean(name: string): boolean;
  integer(name: string): number | undefined;
  text(name: string): string | undefined;
}

/**
 * Checks the query string and the body against the documented names and forms. A name that is in both is taken from the
 * body. Lists are repeated names in the query string; an empty one there (`clusters=`) is the documented default, nothing.
 * Throws BadRequest with the reason.
 */
export function parseParameters(
  queryForms: ReadonlyMap<string, Form>,
  bodyForms: ReadonlyMap<string, Form>,
  query: URLSearchParams,
  body: unknown,
): Given {
  const values = new Map<string, Value>();
  for (const name of new Set(query.keys())) {
    const form = queryForms.get(name);
    if (form === undefined) throw new BadRequest(`unknown query parameter ${name}`);
    values.set(name, check(form, name, fromText(form, name, query.getAll(name))));
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new BadRequest('body is not an object');
  for (const [name, value] of Object.entries(body)) {
    const form = bodyForms.get(name);
    if (form === undefined) throw new BadRequest(`unknown body field ${name}`);
    values.set(name, check(form, name, value));
  }
  return toGiven(values);
}

function toGiven(values: ReadonlyMap<string, Value>): Given {
  const strings = (name: string): readonly string[] => {
    const value = values.get(name);
    return typeof value === 'object' ? value : [];
  };
  return {
    strings,
    labels: (name) => strings(name).map(splitLabel),
    boolean: (name) => values.get(name) === true,
    integer: (name) => {
      const value = values.get(name);
      return typeof value === 'number' ? value : undefined;
    },
    text: (name) => {
      const value = values.get(name);
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function fromText(form: Form, name: string, texts: readonly string[]): unknown {
  if (form === 'strings' || form === 'labels') return texts.filter((text) => text !== '');
  const [text = '', ...others] = texts;
  if (others.length > 0) throw new BadRequest(`${name} is given more than once`);
  if (form === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (form === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  return text;
}

function check(form: Form, name: string, value: unknown): Value {
  switch (form) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw new BadRequest(`${name} is not a boolean`);
    case 'integer':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      throw new BadRequest(`${name} is not an integer`);
    case 'operator':
      if (value === 'AND' || value === 'OR') return value;
      throw new BadRequest(`${name} is neither AND nor OR`);
    case 'range':
      if (typeof value === 'string' && /^[1-9]\d*[mhdw]$/.test(value)) return value;
      throw new BadRequest(`${name} is not a number of m, h, d or w`);
    case 'labels':
    case 'strings':
      return checkStrings(form, name, value);
  }
}

function checkStrings(form: Form, name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new BadRequest(`${name} is not a list`);
  const items: readonly unknown[] = value;
  const strings = items.filter((item) => typeof item === 'string');
  if (strings.length !== items.length) throw new BadRequest(`${name} holds something that is not a string`);
  // At the start there would be no key.
  if (form === 'labels' && strings.some((text) => text.indexOf('=') < 1)) {
    throw new BadRequest(`${name} holds something that is not key=value`);
  }
  return strings;
}

/** A value may hold further "=": base64 does. */
function splitLabel(text: string): { key: string; value: string } {
  const index = text.indexOf('=');
  return { key: text.slice(0, index), value: text.slice(index + 1) };
}
