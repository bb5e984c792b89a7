// The costs of workloads in a period, in integers (micro-dollars, thousandths of pod-hours), so that a group is exactly the sum
// of its workloads (up to 2^53 micro-dollars: nine billion dollars). Every amount is the difference of two running totals
// that are rounded on their own, so that windows add up exactly, however a time is divided.

import type { Workload } from '../workload.js';
import { mix } from '../random.js';
import { activityOfWeek, levelOf, sumOfLevels } from './rhythm.js';
import type { Phase } from './events.js';
import type { Moment, Period } from './timeline.js';

export type Figures = ReturnType<typeof workloadFigures>;

const WEEK_HOURS = 168;
// Costs vary at random from week to week, from day to day and from hour to hour, by up to 0.04 of an average hour each.
// No hour falls to zero: the quietest has 0.2 of the activity of an average hour.
const WEEK_NOISE_HOURS = WEEK_HOURS * 0.04;
const DAY_NOISE_HOURS = 24 * 0.04;
const HOUR_NOISE_HOURS = 0.04;
const WEEK_NOISE_SALT = 0x7765656b;
const HOUR_NOISE_SALT = 0x686f7572;
const CORRECTION_SALT = -1;
/** The maximum error of a preliminary cost, relative to an average hour. */
const CORRECTION_SHARE = 0.04;

/** Whether the workload existed in some part of the period. */
export function existsIn({ phases }: Workload, { start, end }: Period): boolean {
  return phases.some((phase) => Math.max(phase.fromHour, start.hours) < Math.min(phase.toHour, end.hours));
}

/**
 * The figures of a workload that existed in the period. Costs, savings and pod-hours are sums over the period; replicas and
 * requests are means over the part in which it existed; the hourly cost is the total by the hours of the window.
 */
export function workloadFigures(workload: Workload, period: Period) {
  const { loadHours, hours, ...sums } = sumPhases(workload, period);
  const meanLoad = loadHours / hours;
  return {
    workloadCount: 1,
    ...sums,
    hourlyMicros: Math.round(sums.totalMicros / period.windowHours),
    cpuMillicores: Math.round(workload.cpuMillicores * meanLoad),
    gpuThousandths: Math.round(workload.gpuThousandths * meanLoad),
    memoryBytes: Math.round(workload.memoryBytes * meanLoad),
    replicaThousandths: Math.round(workload.replicaThousandths * meanLoad),
  };
}

/** Adds the figures of a workload to a group's. */
export function addFigures(sum: Figures, figures: Figures): void {
  for (const name of Object.keys(figures) as (keyof Figures)[]) sum[name] += figures[name];
}

function sumPhases(workload: Workload, { start, end, at }: Period) {
  const sums = {
    totalMicros: 0,
    savingsMicros: 0,
    savingsWithReplicasMicros: 0,
    onDemandMilliHours: 0,
    spotMilliHours: 0,
    loadHours: 0,
    hours: 0,
  };
  for (const phase of workload.phases) {
    if (phase.fromHour >= end.hours || phase.toHour <= start.hours) continue;
    const from = phase.fromHour > start.hours ? at(phase.fromHour) : start;
    const to = phase.toHour < end.hours ? at(phase.toHour) : end;
    addPhase(sums, workload, phase, from, to);
  }
  return sums;
}

/** Adds the part of a phase between two moments. */
function addPhase(
  sums: ReturnType<typeof sumPhases>,
  workload: Workload,
  { load, isOnDemand }: Phase,
  from: Moment,
  to: Moment,
): void {
  const fromActivity = activityHours(workload, from);
  const toActivity = activityHours(workload, to);
  const micros = load * (isOnDemand ? workload.hourlyMicros / workload.priceShare : workload.hourlyMicros);
  const fromMicros = micros * (fromActivity + variationHours(workload.seed, from));
  const toMicros = micros * (toActivity + variationHours(workload.seed, to));
  const { savingsShare, replicaSavingsShare } = workload;
  const bothShares = savingsShare + replicaSavingsShare;
  sums.totalMicros += Math.round(toMicros) - Math.round(fromMicros);
  sums.savingsMicros += Math.round(toMicros * savingsShare) - Math.round(fromMicros * savingsShare);
  sums.savingsWithReplicasMicros += Math.round(toMicros * bothShares) - Math.round(fromMicros * bothShares);
  const podRate = load * workload.replicaThousandths * workload.dutyCycle;
  const spotRate = isOnDemand ? 0 : podRate * workload.spotShare;
  const onDemandRate = podRate - spotRate;
  sums.spotMilliHours += Math.round(spotRate * toActivity) - Math.round(spotRate * fromActivity);
  sums.onDemandMilliHours += Math.round(onDemandRate * toActivity) - Math.round(onDemandRate * fromActivity);
  // A batch workload runs longer when it is busy; any other has more replicas.
  const hours = to.hours - from.hours;
  sums.loadHours += load * (workload.dutyCycle < 1 ? hours : toActivity - fromActivity);
  sums.hours += hours;
}

/** The running total of activity, in average hours. */
function activityHours({ rhythm, weeklyGrowth }: Workload, moment: Moment): number {
  const hoursOfWeek = activityOfWeek(rhythm, moment.hourOfWeek, moment.hourFraction);
  return WEEK_HOURS * sumOfLevels(moment.week, weeklyGrowth) + levelOf(moment.week, weeklyGrowth) * hoursOfWeek;
}

/** The running total of costs minus that of activity: noise, and the error of preliminary prices. */
function variationHours(seed: number, moment: Moment): number {
  const noise =
    WEEK_NOISE_HOURS * noiseAt(seed ^ WEEK_NOISE_SALT, moment.epochWeek, moment.weekFraction) +
    DAY_NOISE_HOURS * noiseAt(seed, moment.day, moment.dayFraction) +
    HOUR_NOISE_HOURS * noiseAt(seed ^ HOUR_NOISE_SALT, moment.hour, moment.hourFraction);
  if (moment.unsettledHours === 0) return noise;
  const error = CORRECTION_SHARE * (2 * noiseAt(seed, CORRECTION_SALT, 0) - 1);
  return noise + error * moment.unsettledHours;
}

/** From 0 to 1: a random number for each whole `index`, interpolated linearly. */
function noiseAt(seed: number, index: number, fraction: number): number {
  const before = mix(seed, index) / 2 ** 32;
  return fraction === 0 ? before : before + fraction * (mix(seed, index + 1) / 2 ** 32 - before);
}
