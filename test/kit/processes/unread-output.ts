// A pipe for the standard output of a process, whose reader can stop reading or close.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface UnreadOutput {
  /** For the process. */
  readonly fd: number;
  /** The first piece of the output. Nothing is read after it: further output fills the pipe (64 KiB). */
  first(): Promise<string>;
  /** Closes the reading end: further writes fail with EPIPE. */
  close(): void;
}

export function createUnreadOutput(): UnreadOutput {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  // In this order, and the reader non-blocking: each open would wait for the other.
  const reader = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true });
  const fd = openSync(path, constants.O_WRONLY);
  rmSync(folder, { recursive: true });
  return {
    fd,
    async first() {
      // A second writer would hide the end of the process.
      closeSync(fd);
      const [piece] = (await once(reader, 'data')) as [Buffer];
      reader.pause();
      return piece.toString('utf8');
    },
    close: () => {
      reader.destroy();
    },
  };
}
