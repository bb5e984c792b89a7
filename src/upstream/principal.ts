// Whose data a report is. A principal stands for one identity at ScaleOps: its `id` may stand in a cache key, and its
// secret goes nowhere.

import { createHmac } from 'node:crypto';

import type { UpstreamError } from '../errors.js';
import type { AbortableCaller } from '../concurrency/abort.js';

/** A token fits a header field when it is visible ASCII (RFC 6750, section 2.1, asks for less than that). */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** How a principal comes by the token of a call. */
export interface Tokens {
  /** @throws UpstreamError where there is none to be had. */
  token(caller: AbortableCaller): Promise<string>;
  /** Another token in place of one that ScaleOps did not take; undefined where there is none. @throws UpstreamError */
  renew(refused: string, caller: AbortableCaller): Promise<string | undefined>;
  /** ScaleOps did not take the renewed token either. */
  reject(token: string): void;
  /** The error for a principal whose tokens are not taken. */
  refusal(reason: string): UpstreamError;
}

export interface Principal {
  /** An HMAC of its secret: equal for equal secrets, in every replica, and no way back to one. */
  readonly id: string;
  /** 32 bytes that only who knows the secret can have: what is kept outside of the process is sealed with it. */
  readonly sealingKey: Buffer;
  /** Whether it is a caller of the gateway, whose token may be taken back at any time; else it is the gateway itself. */
  readonly isCaller: boolean;
  /** When it ends, in milliseconds since the Unix epoch: from then on nothing kept is its own. */
  readonly expiresAt: number | undefined;
  readonly tokens: Tokens;
}

/** `secret` has to be one that cannot be guessed: a token, or what was derived at some cost from a password. */
export function createPrincipal(secret: string | Buffer, rest: PrincipalParts): Principal {
  return new SecretPrincipal(secret, rest);
}

type PrincipalParts = Omit<Principal, 'id' | 'sealingKey'>;

class SecretPrincipal implements Principal {
  readonly id: string;
  readonly isCaller: boolean;
  readonly expiresAt: number | undefined;
  readonly tokens: Tokens;
  readonly #secret: string | Buffer;
  #sealingKey: Buffer | undefined;

  constructor(secret: string | Buffer, { isCaller, expiresAt, tokens }: PrincipalParts) {
    this.#secret = secret;
    this.isCaller = isCaller;
    this.expiresAt = expiresAt;
    this.tokens = tokens;
    this.id = this.#derive('principal').toString('base64url');
  }

  /** Made when it is needed: most requests are answered from this process. */
  get sealingKey(): Buffer {
    return (this.#sealingKey ??= this.#derive('sealing key'));
  }

  #derive(use: string): Buffer {
    return createHmac('sha256', this.#secret).update(`scaleops-cost-gateway ${use}`).digest();
  }
}
