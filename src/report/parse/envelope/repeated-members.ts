// Refuses a response that has a member twice. JSON.parse retains the last of equal members, so that rows would be lost.

import { COLON, CLOSE_OBJECT, OPEN_LIST, OPEN_OBJECT, Scanner } from '../scanner.js';
import { ReportShapeError } from './envelope.js';
import { isPartialMember } from './partial-members.js';

/**
 * @param json an object with members, as bytes that JSON.parse accepts.
 * @throws ReportShapeError when a member that decides about the report is repeated. Unknown members may be.
 */
export function assertNoRepeatedMember(json: Buffer): void {
  const names = new Set<string>();
  const scanner = new Scanner(json);
  scanner.peek();
  scanner.expect(OPEN_OBJECT);
  do {
    scanner.peek();
    const name = scanner.readText();
    if (names.has(name) && isDecisive(name)) throw new ReportShapeError('a member is repeated');
    names.add(name);
    scanner.expect(COLON);
    const start = scanner.peek();
    // The list of rows is not parsed again.
    if (start === OPEN_LIST || start === OPEN_OBJECT) scanner.skipValue();
    else scanner.readValue();
  } while (scanner.hasMore(CLOSE_OBJECT));
}

function isDecisive(name: string): boolean {
  return ['aggregatedWorkloads', 'window', 'clusters'].includes(name) || isPartialMember(name);
}
