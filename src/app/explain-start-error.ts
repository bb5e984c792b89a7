// Why the process did not start, for a person at a terminal.

import { explainProblems } from '../config/settings/help.js';
import { ConfigError } from '../config/settings/reader.js';
import { GatewayError } from '../errors.js';

/** The messages of system errors repeat settings, so only their codes are used. */
export function explainStartError(error: unknown): string {
  if (error instanceof ConfigError) return explainProblems(error).trimEnd();
  if (error instanceof GatewayError) return error.message;
  const { code, syscall, port } = error as NodeJS.ErrnoException & { readonly port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} is already in use. Set PORT to another one.`;
  if (code !== undefined && syscall !== undefined)
    return `The gateway cannot listen on the address of HOST and PORT: ${code}.`;
  return 'The gateway could not start.';
}
