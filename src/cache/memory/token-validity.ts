// What ScaleOps last said of each principal. A caller's token can be taken back at any time, so that what was kept for it
// is shown only while ScaleOps has taken it within the last minute; and what was asked for before a refusal is not kept.

import { LRUCache } from 'lru-cache';

import type { Clock } from '../../clock.js';
import type { Principal } from '../../upstream/principal.js';
import { MAX_SKEW_MS, type DatedReport } from '../freshness.js';

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
  /** A replica's clock may be a little ahead; what is further ahead is from before ours was set back, and says nothing. */
  const toPast = (at: number): number => (at > clock.now() + MAX_SKEW_MS ? -Infinity : Math.min(at, clock.now()));

  const isAfterRefusal: Acceptance['isAfterRefusal'] = (principal, { askedAt }) => {
    const { refusedAt } = saidOf(principal);
    return askedAt > refusedAt || refusedAt > clock.now();
  };
  const endOf: Acceptance['endOf'] = (principal, asked) => {
    const { expiresAt = Infinity, isCaller } = principal;
    if (!isCaller) return expiresAt;
    const acceptedAt = Math.max(toPast(saidOf(principal).acceptedAt), toPast(asked?.askedAt ?? -Infinity));
    return Math.min(acceptedAt + recheckMs, expiresAt);
  };

  return {
    endOf,
    isAfterRefusal,
    accept(principal, asked) {
      const before = saidOf(principal);
      const askedAt = toPast(asked.askedAt);
      if (askedAt <= toPast(before.acceptedAt) || !isAfterRefusal(principal, asked)) return;
      said.set(principal.id, { ...before, acceptedAt: askedAt });
    },
    refuse: ({ id }) => {
      said.set(id, { acceptedAt: -Infinity, refusedAt: clock.now() });
    },
    isCurrent: (principal, asked) => clock.now() < endOf(principal, asked),
  };
}
