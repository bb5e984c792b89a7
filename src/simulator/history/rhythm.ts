// The activity of workloads over a week and over the years. It is relative to an average hour, and every running total is a
// formula, so that a window of any length takes the same time to compute.

/** Running totals of activity from Monday 00:00 UTC to each hour of the week: 169 of them, 168 at the end. */
type Rhythm = Float64Array;

export type RhythmName = keyof typeof RHYTHMS;

const WEEK_HOURS = 168;
// Growth is limited to these weeks around the start of the simulator, so that costs neither vanish nor explode.
const FIRST_GROWTH_WEEK = -78;
const LAST_GROWTH_WEEK = 52;

export const RHYTHMS = {
  /** Databases, agents and operators run at the same size all the time. */
  steady: createRhythm(() => 1),
  /** Services follow their customers: busiest in the evening, quieter at weekends. */
  customers: createRhythm((hour, isWeekend) => (1 + 0.4 * cosine(hour, 19)) * (isWeekend ? 0.88 : 1)),
  /** Tools of employees: working hours, little at weekends. */
  office: createRhythm((hour, isWeekend) => (isWeekend ? 0.35 : 1 + 0.6 * cosine(hour, 14))),
  /** Nightly batch work. */
  nightly: createRhythm((hour) => 1 + 0.7 * cosine(hour, 2)),
};

/** 1 at the peak hour, -1 twelve hours later. */
function cosine(hour: number, peakHour: number): number {
  return Math.cos(((hour - peakHour) * Math.PI) / 12);
}

function createRhythm(activityOf: (hourOfDay: number, isWeekend: boolean) => number): Rhythm {
  const activities = Array.from({ length: WEEK_HOURS }, (_, hour) => activityOf(hour % 24, hour >= 5 * 24));
  const mean = activities.reduce((sum, activity) => sum + activity, 0) / WEEK_HOURS;
  const totals = new Float64Array(WEEK_HOURS + 1);
  let total = 0;
  for (const [hour, activity] of activities.entries()) totals[hour + 1] = total += activity / mean;
  return totals;
}

/** Activity, in average hours, from Monday 00:00 to a time of the same week. */
export function activityOfWeek(rhythm: Rhythm, hourOfWeek: number, hourFraction: number): number {
  const before = rhythm[hourOfWeek] ?? 0;
  return hourFraction === 0 ? before : before + hourFraction * ((rhythm[hourOfWeek + 1] ?? 0) - before);
}

/** The level of a week: 1 in week 0, and `weeklyGrowth` more with each week. */
export function levelOf(week: number, weeklyGrowth: number): number {
  return 1 + weeklyGrowth * clampToGrowth(week);
}

/** The sum of the levels of the weeks from 0 to `week`, which is not included; below zero for weeks before 0. */
export function sumOfLevels(week: number, weeklyGrowth: number): number {
  const growing = clampToGrowth(week);
  return growing + (weeklyGrowth * growing * (growing - 1)) / 2 + (week - growing) * levelOf(week, weeklyGrowth);
}

function clampToGrowth(week: number): number {
  return Math.min(LAST_GROWTH_WEEK, Math.max(FIRST_GROWTH_WEEK, week));
}
