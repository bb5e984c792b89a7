// Recognises loopback host names. A web page cannot have one, although its own name may resolve to this machine (DNS rebinding).

import { isIPv4 } from 'node:net';

/** A host name or address, without a port. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'));
}
