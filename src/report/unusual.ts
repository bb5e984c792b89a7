/** What is read is no JSON, or none that is read from bytes: others have the say. */
export class UnusualError extends Error {
  override readonly name = 'UnusualError';
}
