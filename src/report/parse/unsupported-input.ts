// The error for input that the fast parser does not support.

/** The input is not JSON, or JSON that the fast parser does not read. The caller uses JSON.parse. */
export class UnsupportedInputError extends Error {
  override readonly name = 'UnsupportedInputError';
}
