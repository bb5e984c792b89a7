// A container without an engine: a command in a root file system of its own, which is read-only, as a user of its own,
// as the first process of its own processes. It shares the network with us. Only root may make one.

import { readFile } from 'node:fs/promises';

import { startProcess, type RunningProcess } from './process.js';

export interface ContainerOptions {
  /** The folder that becomes `/`. The machine's libraries and its Node are mounted into it. */
  readonly root: string;
  /** `uid:gid`, as numbers. */
  readonly user: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Whether this machine lets us. */
export const canContain = process.getuid?.() === 0;

/** In namespaces of its own already: what it mounts goes with it. `exec`, so that the command is the first process. */
const SCRIPT = `
  set -e
  root=$1 node=$2 uid=$3 gid=$4 workdir=$5
  shift 5
  mount --bind "$root" "$root"
  for folder in lib lib64 usr/lib dev; do
    [ -e "/$folder" ] || continue
    mkdir -p "$root/$folder"
    mount --rbind "/$folder" "$root/$folder"
  done
  mkdir -p "$root/proc" "$root/usr/local/bin"
  mount -t proc proc "$root/proc"
  touch "$root/usr/local/bin/node"
  mount --bind "$node" "$root/usr/local/bin/node"
  mount -o remount,ro,bind "$root"
  PATH=/usr/local/bin exec /usr/bin/unshare --root="$root" --wd="$workdir" --setgid="$gid" --setuid="$uid" "$@"`;

/** Starts the command; `kill` sends to it and not to what surrounds it. */
export function startContainer(command: readonly string[], options: ContainerOptions): RunningProcess {
  const [uid = '', gid = ''] = options.user.split(':');
  const namespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child'];
  const given = [options.root, process.execPath, uid, gid, options.workdir, ...command];
  const running = startProcess([...namespaces, 'sh', '-c', SCRIPT, 'container', ...given], { env: options.env });
  return {
    ...running,
    kill(signal) {
      void readFile(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').then((children) => {
        process.kill(parseInt(children), signal);
      });
    },
  };
}
