// Events of the simulated company. Hours count from midnight UTC of the day on which the simulator starts, so that "last week
// against the week before" shows the same events on any day: the search team's deploy doubles `suggest` in production, the
// machine learning team moves its training to spot machines, the payments team launches `payout`, the catalog team
// switches off `legacy-storefront`, and a migration runs for two days.

import { mix } from '../random.js';

/** A time in which a workload runs without a change. Outside of its phases it does not exist. */
export type Phase = ReturnType<typeof toPhase>;

const DAY_HOURS = 24;
const YEAR_HOURS = 365 * DAY_HOURS;
const DOUBLING_HOUR = -9 * DAY_HOURS + 10;
const SPOT_HOUR = -8 * DAY_HOURS + 6;
const LAUNCH_HOUR = -5 * DAY_HOURS + 9;
const RETIREMENT_HOUR = -8 * DAY_HOURS + 18;
/** Other launches and retirements are older than the events. */
const QUIET_HOURS = 20 * DAY_HOURS;
const LAUNCHED_SHARE = 0.06;

const ALWAYS = [toPhase(-Infinity, Infinity)];
const DOUBLED = [toPhase(-Infinity, DOUBLING_HOUR, { load: 0.5 }), toPhase(DOUBLING_HOUR, Infinity)];
const MOVED_TO_SPOT = [toPhase(-Infinity, SPOT_HOUR, { isOnDemand: true }), toPhase(SPOT_HOUR, Infinity)];
const LAUNCHED = [toPhase(LAUNCH_HOUR, Infinity)];
const SWITCHED_OFF = [toPhase(-Infinity, RETIREMENT_HOUR)];
const TWO_DAYS = [toPhase(-13 * DAY_HOURS + 4, -11 * DAY_HOURS + 4)];

/** Workloads of the host's own cluster that no longer exist. */
export const RETIREMENTS = [
  { namespace: 'catalog', kind: 'web', app: 'legacy-storefront', role: 'web', phases: SWITCHED_OFF },
  { namespace: 'catalog', kind: 'api', app: 'legacy-storefront', role: 'api', phases: SWITCHED_OFF },
  { namespace: 'catalog', kind: 'database', app: 'legacy-storefront', role: 'postgres', phases: SWITCHED_OFF },
  { namespace: 'orders', kind: 'job', app: 'order-archive', role: 'migration', phases: TWO_DAYS },
];

/** The phases of a workload of the fleet: most have always run, a few were launched within the last year. */
export function phasesOf(
  { purpose, namespace, kind, app }: Readonly<Record<'purpose' | 'namespace' | 'kind' | 'app', string>>,
  seed: number,
): readonly Phase[] {
  if (namespace === 'search' && app === 'suggest' && (purpose === 'prod' || purpose === 'edge')) return DOUBLED;
  if (namespace === 'ml-training' && kind === 'training') return MOVED_TO_SPOT;
  if (namespace === 'payments' && app === 'payout' && purpose === 'prod') return LAUNCHED;
  if (mix(seed, 1) / 2 ** 32 >= LAUNCHED_SHARE) return ALWAYS;
  return [toPhase(pastHour(mix(seed, 2)), Infinity)];
}

/** The phase of a workload that was launched and switched off before the events. */
export function retiredPhasesOf(seed: number): readonly Phase[] {
  const toHour = pastHour(mix(seed, 1));
  const lifeHours = Math.floor((mix(seed, 2) / 2 ** 32) * YEAR_HOURS) + DAY_HOURS;
  return [toPhase(toHour - lifeHours, toHour)];
}

/** An hour of the year before the events. */
function pastHour(random: number): number {
  return -QUIET_HOURS - (random % (YEAR_HOURS - QUIET_HOURS));
}

/**
 * From `fromHour` (-Infinity: always) to `toHour` (Infinity: without an end). The load is relative to the replicas of the
 * catalogue; isOnDemand is true without a share of spot machines.
 */
function toPhase(fromHour: number, toHour: number, { load = 1, isOnDemand = false } = {}) {
  return { fromHour, toHour, load, isOnDemand };
}
