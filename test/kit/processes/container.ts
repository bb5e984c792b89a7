// A container without an engine: a command as process 1 in a read-only root file system, with its own user. It shares the
// network of the machine. Only root can start one.

import { readFile } from 'node:fs/promises';

import { startProcess, type RunningProcess } from './process.js';

interface ContainerOptions {
  /** The folder that becomes `/`. The machine's libraries and Node are mounted into it. */
  readonly root: string;
  /** `uid:gid`, numeric. */
  readonly user: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Whether this machine allows it. */
export const canContain = process.getuid?.() === 0;

/** Runs in its own namespaces, so its mounts end with it. `exec` makes the command the first process. */
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

/** Starts the command; `kill` signals the command and not its wrappers. */
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
