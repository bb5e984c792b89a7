// A strict parser of Prometheus' text format (version 0.0.4): it throws on everything that a collector would reject or
// misread. https://prometheus.io/docs/instrumenting/exposition_formats/

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Metrics {
  readonly families: ReadonlyMap<string, Family>;
  /** Each time series as written: a name and its labels. */
  readonly series: readonly string[];
  /** The value of the only sample of this name with exactly these labels; undefined without one. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** The sum of all samples of this name that have at least these labels. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

const NAME = /^[a-z_:][\w:]*$/i;
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const LABEL = /([a-z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gi;

export function parseMetrics(text: string): Metrics {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, { help: string; type: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    const family = families.get(current);
    if (kind === 'HELP') {
      if (!NAME.test(name) || families.has(name)) throw new Error(`not the name of a new metric: ${line}`);
      families.set((current = name), { help: rest, type: '', samples: [] });
    } else if (kind === 'TYPE') {
      if (name !== current || family?.type !== '' || !TYPES.includes(rest)) throw new Error(`out of place: ${line}`);
      family.type = rest;
    } else {
      const sample = parseSample(line);
      if (family === undefined || !belongs(sample, current, family.type)) throw new Error(`of no metric: ${line}`);
      const key = seriesOf(sample);
      if (seen.has(key)) throw new Error(`twice: ${line}`);
      seen.add(key);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families) checkFamily(name, family);
  const samples = [...families.values()].flatMap((family) => family.samples);
  return {
    families,
    series: [...seen],
    value: (name, labels = {}) => samples.find((sample) => seriesOf(sample) === seriesOf({ name, labels }))?.value,
    sum(name, labels = {}) {
      const fits = (sample: Sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
      const own = samples.filter((sample) => sample.name === name && fits(sample));
      return own.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

function parseSample(line: string): Sample {
  const [, name = '', , inside = '', number = ''] = /^([^{\s]+)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const labels: Record<string, string> = {};
  let read = 0;
  for (const [whole, label = '', value = ''] of inside.matchAll(LABEL)) {
    if (Object.hasOwn(labels, label)) throw new Error(`a label twice: ${line}`);
    labels[label] = value.replaceAll(/\\(.)/g, (_all, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    read += whole.length;
  }
  const value = { '+Inf': Infinity, '-Inf': -Infinity }[number] ?? Number(number);
  if (!NAME.test(name) || read !== inside.length || Number.isNaN(value)) throw new Error(`not a sample: ${line}`);
  return { name, labels, value };
}

function belongs({ name }: Sample, family: string, type: string): boolean {
  return type === 'histogram' ? ['_bucket', '_sum', '_count'].some((end) => name === family + end) : name === family;
}

function seriesOf({ name, labels }: Pick<Sample, 'name' | 'labels'>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}${JSON.stringify(sorted)}`;
}

function checkFamily(name: string, { help, type, samples }: Family): void {
  if (help === '' || type === '') throw new Error(`${name} has no HELP or no TYPE`);
  if (type === 'counter' && samples.some(({ value }) => value < 0)) throw new Error(`${name} counts below 0`);
  if (type !== 'histogram') return;
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const own of series.values()) {
    const buckets = own.filter((sample) => sample.name.endsWith('_bucket'));
    const count = own.find((sample) => sample.name.endsWith('_count'))?.value;
    const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Infinity : Number(labels.le)));
    const rises = (values: readonly number[]) => values.every((value, at) => at === 0 || value >= values[at - 1]!);
    const isWhole = bounds.at(-1) === Infinity && buckets.at(-1)?.value === count;
    if (!isWhole || !rises(bounds) || !rises(buckets.map(({ value }) => value)))
      throw new Error(`${name} is no histogram`);
  }
}
