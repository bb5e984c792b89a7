// The cost of workloads in a window [from, to), in integers (micro-dollars, thousandths of pod-hours), so that a group is
// exactly the sum of its workloads (up to 2^53 micro-dollars: nine billion dollars). Costs vary by workload and day; part
// of a day costs that part. Adjacent windows add up: every sum is the difference of two running totals.

import { mix } from './random.js';
import type { Workload } from './fleet.js';

/** Half-open, in epoch milliseconds. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export type Figures = ReturnType<typeof workloadFigures>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// The variation repeats after 52 weeks: this bounds the work for any window and keeps weekends in place.
const CYCLE_DAYS = 364;

/** The figures of one workload in a window of at least a millisecond. */
export function workloadFigures(workload: Workload, window: Window) {
  const totalMicros = costMicros(workload, window);
  const savingsMicros = Math.round(totalMicros * workload.savingsShare);
  const spotRate = workload.replicaThousandths * workload.dutyShare * workload.spotShare;
  const onDemandRate = workload.replicaThousandths * workload.dutyShare - spotRate;
  return {
    workloadCount: 1,
    totalMicros,
    hourlyMicros: Math.round(totalMicros / ((window.toMs - window.fromMs) / HOUR_MS)),
    savingsMicros,
    savingsWithReplicasMicros: savingsMicros + Math.round(totalMicros * workload.replicaSavingsShare),
    onDemandMilliHours: milliHours(onDemandRate, window),
    spotMilliHours: milliHours(spotRate, window),
    cpuMillicores: workload.cpuMillicores,
    gpuThousandths: workload.gpuThousandths,
    memoryBytes: workload.memoryBytes,
    replicaThousandths: workload.replicaThousandths,
  };
}

/** Adds a workload's figures to a group's. */
export function addFigures(sum: Figures, figures: Figures): void {
  for (const name of Object.keys(figures) as (keyof Figures)[]) sum[name] += figures[name];
}

function costMicros(workload: Workload, { fromMs, toMs }: Window): number {
  const firstDay = Math.floor(fromMs / DAY_MS);
  const lastDay = Math.floor(toMs / DAY_MS);
  const daysMicros = sumDays(workload, firstDay, lastDay);
  return daysMicros + startOfDayMicros(workload, lastDay, toMs) - startOfDayMicros(workload, firstDay, fromMs);
}

/** The days [firstDay, endDay), counted from the epoch. */
function sumDays(workload: Workload, firstDay: number, endDay: number): number {
  const dayCount = endDay - firstDay;
  let sum = 0;
  if (dayCount >= CYCLE_DAYS) {
    for (let day = 0; day < CYCLE_DAYS; day++) sum += dayMicros(workload, day);
    sum *= Math.floor(dayCount / CYCLE_DAYS);
  }
  const restDays = dayCount % CYCLE_DAYS;
  for (let day = firstDay; day < firstDay + restDays; day++) sum += dayMicros(workload, day);
  return sum;
}

/** From midnight to `timeMs` of that day. */
function startOfDayMicros(workload: Workload, day: number, timeMs: number): number {
  const dayShare = (timeMs - day * DAY_MS) / DAY_MS;
  return dayShare === 0 ? 0 : Math.round(dayMicros(workload, day) * dayShare);
}

function dayMicros(workload: Workload, day: number): number {
  const noise = mix(workload.seed, day % CYCLE_DAYS) / 2 ** 32 - 0.5;
  // Day 0 was a Thursday. Load is lower at weekends.
  const weekday = (day + 4) % 7;
  const weekFactor = weekday === 0 || weekday === 6 ? 0.9 : 1.04;
  return Math.round(workload.hourlyMicros * 24 * weekFactor * (1 + 0.12 * noise));
}

/** @param rate thousandths of continuously running pods */
function milliHours(rate: number, { fromMs, toMs }: Window): number {
  return Math.round((rate * toMs) / HOUR_MS) - Math.round((rate * fromMs) / HOUR_MS);
}
