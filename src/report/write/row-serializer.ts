// How the rows of one report are written: from texts that are kept, where there are any, else from the columns.

import {
  areOfRowAlone,
  giveRows,
  RowTextRecorder,
  toMembersKey,
  type RowTextMemory,
  type RowTexts,
} from './row-json-cache.js';
import { writeRows, type RowMember, type WrittenRows } from './row-writer.js';

/** The rows as a JSON list, in pieces. */
export type Writing = (
  written: WrittenRows,
  members: readonly RowMember[],
  memory: RowTextMemory | undefined,
) => Iterable<Buffer>;

/** Longer texts are not kept. */
const MAX_TEXT_BYTES = 33_554_432;
/** What texts of all rows were asked for once; more of such questions at a time are not the same again. */
const MAX_ASKED = 64;

let reportCount = 0;

export function createWriting(): Writing {
  // Each report's own: that of parts and of what was added up is another one.
  const report = (reportCount += 1);
  let asked: Set<string> | undefined;
  // What was asked once may never be asked again.
  const isAskedAgain = (key: string): boolean => {
    asked ??= new Set();
    if (asked.delete(key)) return true;
    if (asked.size >= MAX_ASKED) asked.clear();
    asked.add(key);
    return false;
  };
  return (written, members, memory) => {
    if (memory === undefined || !areOfRowAlone(members)) return writeRows(written, members);
    const key = `${report} ${toMembersKey(members)}`;
    const kept = memory.find(key);
    if (kept !== undefined) return giveRows(kept, written.rows);
    const isOfAll = written.rows.length === written.columns.rowCount;
    if (!isOfAll || !isAskedAgain(key)) return writeRows(written, members);
    return keepRows(written, members, (texts) => {
      memory.keep(key, texts);
    });
  };
}

function* keepRows(
  written: WrittenRows,
  members: readonly RowMember[],
  keep: (texts: RowTexts) => void,
): Generator<Buffer, void> {
  const recorder = new RowTextRecorder(written.rows.length, MAX_TEXT_BYTES);
  yield* writeRows(written, members, recorder);
  const texts = recorder.texts();
  if (texts !== undefined) keep(texts);
}
