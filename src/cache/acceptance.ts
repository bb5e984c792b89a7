// What ScaleOps last said of each principal. A caller's token can be taken back at any time, so that what was kept for it
// is shown only while ScaleOps has taken it within the last minute; and what was asked for before a refusal is not kept.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.js';
import type { Principal } from '../upstream/principal.js';
import type { DatedReport } from './freshness.js';

/** A report as far as it shows that its principal was let in. */
type Asked = Pick<DatedReport, 'askedAt'>;

export interface Acceptance {
  /** ScaleOps gave this principal a report. */
  accept(principal: Principal, asked: Asked): void;
  /** ScaleOps refused this principal. */
  refuse(principal: Principal): void;
  /** Whether what is kept for it may be shown without asking ScaleOps first; `asked` counts as well. */
  isCurrent(principal: Principal, asked?: Asked): boolean;
  /** Up to when that is so, in milliseconds since the Unix epoch. */
  endOf(principal: Principal, asked?: Asked): number;
  /** Whether `asked` was asked for after the last refusal, so that it may be kept and shown. */
  isAfterRefusal(principal: Principal, asked: Asked): boolean;
}

interface Said {
  readonly acceptedAt: number;
  readonly refusedAt: number;
}

/** Principals beyond this are asked about anew, which costs a call and shows nothing. */
const MAX_PRINCIPALS = 10_000;
const NOTHING: Said = { acceptedAt: -Infinity, refusedAt: -Infinity };

export function createAcceptance(recheckMs: number, clock: Clock): Acceptance {
  const said = new LRUCache<string, Said>({ max: MAX_PRINCIPALS });
  const saidOf = ({ id }: Principal): Said => said.get(id) ?? NOTHING;
  const endOf: Acceptance['endOf'] = (principal, asked) => {
    const { expiresAt = Infinity, isCaller } = principal;
    const acceptedAt = Math.max(saidOf(principal).acceptedAt, asked?.askedAt ?? -Infinity);
    return isCaller ? Math.min(acceptedAt + recheckMs, expiresAt) : expiresAt;
  };
  return {
    accept(principal, { askedAt }) {
      const before = saidOf(principal);
      // One from ahead of us is from before the clock was set back.
      const isNews = askedAt > before.acceptedAt || before.acceptedAt > clock.now();
      if (isNews && askedAt > before.refusedAt) said.set(principal.id, { ...before, acceptedAt: askedAt });
    },
    refuse: ({ id }) => {
      said.set(id, { acceptedAt: -Infinity, refusedAt: clock.now() });
    },
    endOf,
    isCurrent(principal, asked) {
      const now = clock.now();
      // What is further ahead is from before the clock was set back.
      const isAhead = principal.isCaller && endOf(principal, asked) > now + recheckMs;
      return !isAhead && now < endOf(principal, asked);
    },
    isAfterRefusal: (principal, { askedAt }) => askedAt > saidOf(principal).refusedAt,
  };
}
