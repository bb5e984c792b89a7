// Which hosts are this machine itself. A page of another host can get its name to lead here (DNS rebinding), and its
// browser then takes the gateway for that page's own host; but it cannot get one of these names.

import { isIPv4 } from 'node:net';

/** A host name or address, without a port. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'));
}
