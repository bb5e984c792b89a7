// How whoever reads bytes says that it is not for them.

/** What is read is no JSON, or none that is read from bytes: others have the say. */
export class UnsupportedInputError extends Error {
  override readonly name = 'UnsupportedInputError';
}
