// Labels and annotations in ScaleOps' JSON. Their shape is not documented, so all shapes that tools of Kubernetes write are
// read: a map, an object or a list of objects, a list of "key=value", and "key=value,key=value". Any other shape is not
// guessed at.

import { isLabelKey } from '../../columns/label-key.js';
import { isObject, toText } from './values.js';

/** The key, which is never empty, and the value of a label. */
export type LabelTexts = readonly [key: string, value: string];

/** Kubernetes restricts the values of labels. An annotation has any value. */
export type LabelKind = 'label' | 'annotation';

/** The labels of a value, and whether nothing of it was left out. */
interface ReadLabels {
  readonly labels: readonly LabelTexts[];
  readonly isComplete: boolean;
}

const UNREADABLE: ReadLabels = { labels: [], isComplete: false };

/** Reads the labels of a row. Null and the empty text are no labels. */
export function toLabels(value: unknown, kind: LabelKind): ReadLabels {
  if (typeof value === 'string') return parsePairs(value, kind);
  if (Array.isArray(value)) return join(value.map((element) => toElementLabels(element, kind)));
  if (!isObject(value) || isOneLabel(value)) return toElementLabels(value, kind);
  return join(Object.entries(value).map(([key, each]) => toRead(toTexts(key, each))));
}

/** Reads an element of a list. A text may hold several labels. Null and the empty text are none. */
export function toElementLabels(element: unknown, kind: LabelKind): ReadLabels {
  if (element === null || element === undefined) return { labels: [], isComplete: true };
  if (isObject(element)) return toRead(toLabel(element));
  if (typeof element !== 'string') return UNREADABLE;
  const key = element.trim();
  return isLabelKey(key) ? toRead([key, '']) : parsePairs(element, kind);
}

function toRead(label: LabelTexts | undefined): ReadLabels {
  return label === undefined ? UNREADABLE : { labels: [label], isComplete: true };
}

function join(read: readonly ReadLabels[]): ReadLabels {
  return { labels: read.flatMap(({ labels }) => labels), isComplete: read.every(({ isComplete }) => isComplete) };
}

/** The member with the key of a label that is an object. A workload's tags are `name` and `value` in some APIs. */
const KEY_MEMBERS = ['key', 'name'];

/** Whether an object is a label itself and not a map of labels: it has a key, a value and nothing else. */
function isOneLabel(element: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(element);
  if (names.length !== 2) return false;
  const folded = names.map((name) => name.toLowerCase());
  return folded.includes('value') && KEY_MEMBERS.some((name) => folded.includes(name));
}

/** Reads a label that is an object; undefined for a shape that is not known. AWS writes `Key` and `Value`. */
function toLabel(element: Readonly<Record<string, unknown>>): LabelTexts | undefined {
  const names = Object.keys(element);
  const find = (wanted: string): string | undefined => names.find((name) => name.toLowerCase() === wanted);
  const key = KEY_MEMBERS.map(find).find((name) => name !== undefined && toText(element[name]) !== null);
  if (key === undefined) return undefined;
  const value = find('value');
  // A key alone has the empty value; beside members that are not known its value may be one of them.
  if (value === undefined) return names.length === 1 ? toTexts(element[key], '') : undefined;
  return toTexts(element[key], element[value]);
}

/** "team=a,env=prod", as kubectl prints labels. A comma may be part of an annotation: then none of it is read. */
function parsePairs(text: string, kind: LabelKind): ReadLabels {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const labels = parts.map((part) => parsePair(part, kind)).filter((label) => label !== undefined);
  return labels.length === parts.length ? { labels, isComplete: true } : UNREADABLE;
}

/** In the value of a label these may separate labels: "team=a;env=prod". */
const SEPARATOR = /[;\s]/;

function parsePair(text: string, kind: LabelKind): LabelTexts | undefined {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(0, at)).trimStart();
  const value = text.slice(at + 1).trim();
  return isLabelKey(key) && (kind === 'annotation' || !SEPARATOR.test(value)) ? [key, value] : undefined;
}

/** Of several values the first that is not null is the value; undefined without a key, and for a value that is an object. */
function toTexts(name: unknown, value: unknown): LabelTexts | undefined {
  const key = toText(name);
  const single: unknown = Array.isArray(value) ? value.find((each) => each !== null) : value;
  if (key === null || (typeof single === 'object' && single !== null)) return undefined;
  return [key, typeof single === 'boolean' ? String(single) : (toText(single) ?? '')];
}
