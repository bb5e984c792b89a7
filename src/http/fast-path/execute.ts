// Executes a question on the lane, and writes what comes of it. What can be asked for again is kept with its reports.

import { crc32 } from 'node:zlib';

import { GraphQLError, type ExecutionResult, type GraphQLSchema } from 'graphql';

import type { ResponseStore } from '../../cache/memory/response-store.js';
import {
  createContext,
  type Caller,
  type ContextParts,
  type GatewayContext,
  type Principal,
} from '../../loaders/context.js';
import { createExecutor } from '../../execution/executor.js';
import { recover, whenThere } from '../../concurrency/maybe-promise.js';
import { isSpent, refuseOverspent } from '../plugins/row-limit.js';
import { formatErrors, type ErrorFormat } from '../response/error-format.js';
import { toAge } from '../response/cache-headers.js';
import { toResultKind, type RequestObservation, type Watched } from '../plugins/instrumentation.js';
import type { ProtectionLimits } from '../plugins/protection.js';
import type { RequestState } from '../request-state.js';
import { createShuttingDown, type Ending } from '../plugins/shutdown.js';
import type { Asked } from './types.js';
import type { Question } from './known-operations.js';
import { createReadyAnswer } from './cached-response.js';
import type { Answered, Reply } from './response-head.js';
import { toRefusal, writeAnswer } from './write-response.js';

export interface ExecutionOptions {
  readonly schema: GraphQLSchema;
  readonly parts: ContextParts;
  readonly responses: ResponseStore;
  readonly limits: Pick<ProtectionLimits, 'startOperation'>;
  readonly format: ErrorFormat;
  readonly ending: Ending;
  readonly now: () => number;
  readonly toCaller: (asked: Pick<Asked, 'headers' | 'signal'>, state: RequestState, principal: Principal) => Caller;
}

/** A request on the lane. */
export interface Visit {
  readonly asked: Asked;
  readonly state: RequestState;
  readonly reply: Reply;
  /** Whose data it is about. */
  readonly principal: Principal;
  /** Under which the answer is kept: of all that it depends on, but for the body, of which it has a checksum. */
  readonly key: string;
}

/** What becomes known of it, and who stands around its execution. */
export interface WatchedVisit extends Watched {
  readonly observation: RequestObservation | undefined;
}

/** How many questions that were asked once, at most. */
const REMEMBERED = 16_384;

/** The result of what is not executed, or not to its end. */
export function refuse(error: unknown): ExecutionResult {
  // One of graphql's in any case: that of a client who has left is never brought into our form.
  const own = error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error });
  return { errors: [own] };
}

export function createExecution(options: ExecutionOptions) {
  const { parts, limits, format, toCaller } = options;
  const run = createRunning(options);
  const write = createWriting(options);
  return (visit: Visit, question: Question, watched: WatchedVisit): Answered | Promise<Answered> => {
    const { asked, state } = visit;
    const deadline = limits.startOperation(asked);
    if (deadline !== undefined) state.deadline = deadline;
    const context = createContext(parts, toCaller(asked, state, visit.principal));
    state.operation = { name: question.facts.name, stats: context.stats };
    watched.operation = question.facts;
    return whenThere(run(question, context, watched), (outcome) => {
      deadline?.end();
      const whole = isSpent(context.budget) ? refuseOverspent() : outcome;
      // Nobody reads the errors of an operation whose client has left, and that they come of it is none.
      const result = asked.hasLeft() ? whole : formatErrors(whole, state, format);
      watched.result = toResultKind(result);
      return result.data === undefined ? toRefusal(result, visit.reply) : write(visit, question, context, result);
    });
  };
}

function createWriting({ responses, now }: ExecutionOptions) {
  const isAskedAgain = createMemory();
  return (
    visit: Visit,
    question: Question,
    { stats, lists }: GatewayContext,
    result: ExecutionResult,
  ): Answered | Promise<Answered> => {
    const age = toAge(stats, now());
    // What has errors nobody may keep, also where it tells how old the rest is.
    const told = { age, mayBeKept: result.errors === undefined };
    return writeAnswer({ result, ...told, lists: lists ?? [] }, visit.reply.isGzip, (pieces) => {
      const mayBeKept = told.mayBeKept && age?.isStale === false;
      if (!mayBeKept || !isAskedAgain(visit.key)) return createReadyAnswer(question.facts, visit.asked.body, pieces);
      // In one piece, and with a copy of what was asked: neither takes more than it needs.
      const ready = createReadyAnswer(question.facts, new Uint8Array(visit.asked.body), [Buffer.concat(pieces)]);
      const sources = stats.reports.map(({ source }) => source);
      responses.set(visit.key, ready, ready.keptBytes, sources);
      return ready;
    });
  };
}

/**
 * What was asked once may never be asked again: only what is comes among the answers that are kept. Remembered by a
 * checksum, each in a place that the next with the same place takes over: keys would outlive what collects short-lived
 * things, and a mistake keeps an answer too early or too late.
 */
function createMemory(): (key: string) => boolean {
  const asked = new Uint32Array(REMEMBERED);
  return (key) => {
    const checksum = crc32(key);
    const place = checksum % REMEMBERED;
    const isAgain = asked[place] === checksum;
    asked[place] = isAgain ? 0 : checksum;
    return isAgain;
  };
}

function createRunning({ schema, ending }: ExecutionOptions) {
  const execute = createExecutor(schema);
  return (
    { document, operation, facts, variables }: Question,
    context: GatewayContext,
    { observation, state }: WatchedVisit,
  ): ExecutionResult | Promise<ExecutionResult> => {
    const start = () => execute({ document, operation, variables, context });
    return recover(() => {
      const given = observation?.execute(facts, start) ?? start();
      if (!(given instanceof Promise)) return given;
      return ending.race(state.deadline?.race(given) ?? given, () => refuse(createShuttingDown()));
    }, refuse);
  };
}
