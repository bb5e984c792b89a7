// The budget of one operation. A short document can request any amount of work: entities lead to rows and rows to
// entities, lists without `first` are unlimited, and each query over a report reads all of it. Everything that grows with
// data is therefore charged: before the work by an estimate, and once the size is known.

import { GatewayError } from '../errors.js';

/** Undefined means no limit. */
export interface OperationLimits {
  /** GATEWAY_MAX_ANSWER_ROWS: items of lists (rows, edges, groups, entities) plus reports of entities. */
  readonly maxResponseRows: number | undefined;
  /** GATEWAY_MAX_COST: fields and list values that are written, plus rows and table entries that are read. */
  readonly maxCost: number | undefined;
  /** GATEWAY_MAX_UPSTREAM_CALLS: reports that are not in memory. */
  readonly maxUpstreamCalls: number | undefined;
}

/** An operation with this many objects takes so much memory that it waits for a slot. */
const MANY_OBJECTS = 10_000;

/** Bytes of JSON that a response may have per unit of GATEWAY_MAX_COST: 320 MB by default. A field takes about 25. */
const BYTES_PER_COST = 64;

/** Each `charge…` throws GatewayError QUERY_TOO_COMPLEX once a limit is exceeded: the operation fails as a whole. */
export class OperationBudget {
  /** The error that the operation ends with; undefined while it is within its limits. */
  exceeded: GatewayError | undefined;
  readonly #limits: OperationLimits;
  #items = 0;
  #cost = 0;
  #calls = 0;
  #bytes = 0;
  #objects = 0;

  constructor(limits: OperationLimits) {
    this.#limits = limits;
  }

  /** Charges rows of a report, or entries of its tables, for one pass over them. */
  chargeScan(entries: number): void {
    this.#cost += entries;
    this.#check();
  }

  /** Charges items of a list and all their fields. Call it before the items are created. */
  chargeItems(count: number, fieldsPerItem: number): void {
    this.#items += count;
    this.#cost += count * fieldsPerItem;
    this.#check();
  }

  /** Charges fields, or plain values of a list, of the response. */
  chargeFields(count: number): void {
    this.#cost += count;
    this.#check();
  }

  /** Charges one report that is not in memory. Call it before the report is loaded. */
  chargeUpstreamCall(): void {
    this.#calls += 1;
    this.#check();
  }

  /** Charges bytes of the response's JSON, before compression. */
  chargeBytes(count: number): void {
    this.#bytes += count;
    this.#check();
  }

  /** Counts objects that are created instead of written directly from a report; true when there are many. Never throws. */
  countObjects(count: number): boolean {
    this.#objects += count;
    return this.#objects >= MANY_OBJECTS;
  }

  #check(): void {
    this.exceeded ??= this.#findExcess();
    if (this.exceeded !== undefined) throw this.exceeded;
  }

  #findExcess(): GatewayError | undefined {
    const { maxResponseRows, maxCost, maxUpstreamCalls } = this.#limits;
    if (this.#items > (maxResponseRows ?? Infinity)) {
      const excess = `more than ${maxResponseRows} rows, groups and entities (GATEWAY_MAX_ANSWER_ROWS)`;
      return tooComplex(`${excess}. Ask for fewer with \`first\`, or in several operations.`);
    }
    if (this.#cost > (maxCost ?? Infinity)) {
      const excess = `more than ${maxCost} fields and rows to read (GATEWAY_MAX_COST)`;
      return tooComplex(`${excess}. Ask for fewer rows with \`first\`, for fewer fields, or in several operations.`);
    }
    if (this.#calls > (maxUpstreamCalls ?? Infinity)) {
      const excess = `more than ${maxUpstreamCalls} calls to ScaleOps (GATEWAY_MAX_UPSTREAM_CALLS)`;
      return tooComplex(`${excess}. Ask for fewer reports or entities, or in several operations.`);
    }
    const maxBytes = BYTES_PER_COST * (maxCost ?? Infinity);
    if (this.#bytes > maxBytes)
      return tooComplex(`a response of more than ${maxBytes} bytes. Ask for fewer rows or fields.`);
    return undefined;
  }
}

function tooComplex(excess: string): GatewayError {
  return new GatewayError('QUERY_TOO_COMPLEX', { message: `The operation exceeds a limit: ${excess}` });
}
