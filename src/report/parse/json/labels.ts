// Labels and annotations in ScaleOps' JSON. Their shape is not documented, so all shapes that tools of Kubernetes write are
// read: a map, a list of objects, a list of "key=value", and "key=value,key=value". Any other shape is not guessed at.

import { toText } from './values.js';

/** The key, which is never empty, and the value of a label. */
export type LabelTexts = readonly [key: string, value: string];

/** The labels of a value, and whether nothing of it was left out. */
interface ReadLabels {
  readonly labels: readonly LabelTexts[];
  readonly isComplete: boolean;
}

/** Reads the labels of a row. Null and the empty text are no labels. */
export function toLabels(value: unknown): ReadLabels {
  if (isNothing(value)) return { labels: [], isComplete: true };
  if (typeof value === 'string') return parseLabels(value);
  if (typeof value !== 'object') return { labels: [], isComplete: false };
  const read = Array.isArray(value)
    ? value.filter((element) => !isNothing(element)).map(toLabel)
    : Object.entries(value!).map(([key, each]) => toTexts(key, each));
  const labels = read.filter((label) => label !== undefined);
  return { labels, isComplete: labels.length === read.length };
}

/** Whether an element of a list is left out without a warning. */
export function isNothing(element: unknown): boolean {
  return element === null || element === undefined || element === '';
}

/** The members of a label that is an object. A workload's tags are `name` and `value` in some APIs, `Key` and `Value` in AWS. */
const MEMBERS = [
  ['key', 'value'],
  ['name', 'value'],
  ['Key', 'Value'],
  ['Name', 'Value'],
] as const;

/** Reads a label from an element of a list; undefined for a shape that is not known. */
export function toLabel(element: unknown): LabelTexts | undefined {
  if (typeof element === 'string') {
    const at = element.indexOf('=');
    return at < 0 ? toTexts(element, '') : toTexts(element.slice(0, at), element.slice(at + 1));
  }
  if (typeof element !== 'object' || element === null) return undefined;
  const members = element as Readonly<Record<string, unknown>>;
  const found = MEMBERS.find(([key]) => toText(members[key]) !== null);
  if (found === undefined) return undefined;
  const [key, value] = found;
  // A key alone has the empty value; beside members that are not known its value may be one of them.
  const isKnown = value in members || Object.keys(members).length === 1;
  return isKnown ? toTexts(members[key], members[value]) : undefined;
}

/** A label key, with its prefix, and a value. */
const KEY_VALUE = /^\s*([\w./-]+)=(.*?)\s*$/s;

/** "team=a,env=prod", as kubectl prints labels. A comma may be part of an annotation: then none of it is read. */
function parseLabels(text: string): ReadLabels {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const found = parts.map((part) => KEY_VALUE.exec(part));
  const labels = found.flatMap((match) => (match === null ? [] : [[match[1]!, match[2]!] as const]));
  return labels.length === parts.length ? { labels, isComplete: true } : { labels: [], isComplete: false };
}

/** Of several values the first is the value; undefined without a key, and for a value that is an object. */
function toTexts(name: unknown, value: unknown): LabelTexts | undefined {
  const key = toText(name);
  const single: unknown = Array.isArray(value) ? value[0] : value;
  if (key === null || (typeof single === 'object' && single !== null)) return undefined;
  return [key, typeof single === 'boolean' ? String(single) : (toText(single) ?? '')];
}
