// Lists of labels as JSON.

import type { Label } from '../columns/columns.js';
import type { LabelMember } from './row-members.js';

/** A list of labels with these members, or null. */
export function toListJson(labels: readonly Label[] | null, members: readonly LabelMember[]): string {
  return labels === null ? 'null' : `[${labels.map((label) => toLabelJson(label, members)).join()}]`;
}

function toLabelJson(label: Label, members: readonly LabelMember[]): string {
  const texts = members.map((member) => {
    const json = member.kind === 'constant' ? member.json : JSON.stringify(label[member.kind]);
    return `${JSON.stringify(member.name)}:${json}`;
  });
  return `{${texts.join()}}`;
}
