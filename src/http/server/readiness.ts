// Readiness for requests, with the reasons for not being ready, which are logged.

export type UnreadyReason = 'stopping' | 'no signing keys';

export class Readiness {
  readonly #reasons = new Set<UnreadyReason>();
  readonly #onChange: (isReady: boolean, reasons: readonly UnreadyReason[]) => void;

  /** @param onChange called when the gateway becomes ready, or is no longer ready, with the reasons. */
  constructor(onChange: (isReady: boolean, reasons: readonly UnreadyReason[]) => void) {
    this.#onChange = onChange;
  }

  isReady(): boolean {
    return this.#reasons.size === 0;
  }

  /** Sets or clears a reason. */
  set(reason: UnreadyReason, holds: boolean): this {
    const wasReady = this.isReady();
    if (holds) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    if (wasReady !== this.isReady()) this.#onChange(this.isReady(), [...this.#reasons]);
    return this;
  }
}
