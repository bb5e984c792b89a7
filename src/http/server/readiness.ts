// Whether the gateway may get requests. Any part may speak against it, for a reason of the closed list; an orchestrator
// is told that it is so, and the log why.

/** All that there may be against it. */
export type UnreadyReason = 'stopping' | 'no signing keys';

export interface Readiness {
  isReady(): boolean;
  /** Whether this reason holds from now on. */
  set(reason: UnreadyReason, holds: boolean): Readiness;
}

/** `onChange` is told when it is ready no more, and why, and when it is ready again. */
export function createReadiness(onChange: (isReady: boolean, reasons: readonly UnreadyReason[]) => void): Readiness {
  const reasons = new Set<UnreadyReason>();
  const isReady = (): boolean => reasons.size === 0;
  const readiness: Readiness = {
    isReady,
    set(reason, holds) {
      const wasReady = isReady();
      if (holds) reasons.add(reason);
      else reasons.delete(reason);
      if (wasReady !== isReady()) onChange(isReady(), [...reasons]);
      return readiness;
    },
  };
  return readiness;
}
