// JSON that an operator wrote: an object, in which no key stands twice. JSON.parse takes the last of them, in silence, and
// what a merge left behind would decide who sees what.

/** The object that a text holds; undefined, with a problem, where it holds none. */
export function parseJsonFile(text: string, problems: string[]): Readonly<Record<string, unknown>> | undefined {
  const json = parse(text);
  if (!isObject(json)) {
    problems.push('must hold a JSON object.');
    return undefined;
  }
  if (hasRepeatedKey(text)) problems.push('has a key twice in one object.');
  return json;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of a text that is JSON: braces, and strings with the colon that makes a key of one. */
const TOKEN = /[{}]|("(?:[^"\\]|\\.)*")(\s*:)?/g;

function hasRepeatedKey(text: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (string !== undefined && colon !== undefined) {
      const keys = open.at(-1);
      // Two ways of writing one key are one key.
      const key = JSON.parse(string) as string;
      if (keys?.has(key) === true) return true;
      keys?.add(key);
    }
  }
  return false;
}
