// Whether the gateway may get requests. Any part may speak against it, for a reason of the closed list; an orchestrator
// is told that it is so, and the log why.

/** All that there may be against it. */
export type UnreadyReason = 'stopping' | 'no signing keys';

export class Readiness {
  readonly #reasons = new Set<UnreadyReason>();
  readonly #onChange: (isReady: boolean, reasons: readonly UnreadyReason[]) => void;

  /** @param onChange is called when it is ready no more, and why, and when it is ready again. */
  constructor(onChange: (isReady: boolean, reasons: readonly UnreadyReason[]) => void) {
    this.#onChange = onChange;
  }

  isReady(): boolean {
    return this.#reasons.size === 0;
  }

  /** Whether this reason holds from now on. */
  set(reason: UnreadyReason, holds: boolean): this {
    const wasReady = this.isReady();
    if (holds) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    if (wasReady !== this.isReady()) this.#onChange(this.isReady(), [...this.#reasons]);
    return this;
  }
}
