// The fast lane beside the door. It answers what is known to be good: a question that was answered before from kept bytes,
// any other by executing it at once. It decides nothing by itself: who may come in, what is too much, what is logged and
// counted is told by the same functions as at the door, which gets all that is not known here.

import { crc32 } from 'node:zlib';

import type { Authentication, HeadersByName } from '../../auth/authentication.js';
import type { ResponseEntry } from '../../cache/memory/response-store.js';
import type { ContextParts, Principal } from '../../loaders/context.js';
import { recover, whenThere } from '../../concurrency/maybe-promise.js';
import { noteCaller, noteCallerToken } from '../plugins/authentication.js';
import { formatErrors } from '../response/error-format.js';
import { toAge } from '../response/cache-headers.js';
import { toOutcome, type RequestObserver } from '../plugins/instrumentation.js';
import type { LogOperation } from '../plugins/operation-log.js';
import type { ProtectionLimits } from '../plugins/protection.js';
import { checkRate } from '../plugins/rate-limit.js';
import { createRequestState, type RequestState } from '../request-state.js';
import type { Given, Lane } from './types.js';
import { createExecution, refuse, type ExecutionOptions, type Visit, type WatchedVisit } from './execute.js';
import type { Learned } from './known-operations.js';
import type { ReadyAnswer } from './cached-response.js';
import type { Answered, Replies, Reply } from './response-head.js';
import { toRefusal } from './write-response.js';

export interface LaneOptions extends ExecutionOptions {
  readonly learned: Learned;
  readonly replies: Replies;
  readonly authentication: Authentication | undefined;
  /** Whether callers bring a token for ScaleOps. */
  readonly takesToken: boolean;
  readonly limits: ProtectionLimits;
  readonly log: LogOperation;
  readonly observer: RequestObserver | undefined;
  /** Told of each request that was answered. */
  readonly onEnd: (state: RequestState) => void;
}

type Parts = Pick<Visit, 'asked' | 'state' | 'reply'>;
type Answer = (watched: WatchedVisit) => Answered | Promise<Answered>;

export function createLane(options: LaneOptions): Lane {
  const { learned, replies, responses, limits, ending, now } = options;
  const identify = createIdentifying(options);
  const finish = createFinish(options);
  const execute = createExecution(options);
  const give = createGiving(options);

  /** How the visit is answered; undefined where it is for the door. */
  const findAnswer = (visit: Visit): Answer | undefined => {
    const kept = responses.get(visit.key);
    if (kept !== undefined && (kept.value as ReadyAnswer).isOf(visit.asked.body)) {
      return (watched) => give(visit, kept, watched);
    }
    const question = learned.read(visit.asked.body);
    if (question === undefined || limits.isTooCostly(question)) return undefined;
    return (watched) => execute(visit, question, watched);
  };

  /** How a request of this principal is answered, unless it is one too many. */
  const admit = ({ asked, state, reply }: Parts, principal: Principal | undefined): Answer | undefined => {
    if (principal === undefined) return undefined;
    // The same for who sees the same, whoever they are. No part has a line break within.
    const key = `${principal.id}\n${state.grants?.key ?? ''}\n${reply.key}\n${crc32(asked.body)}`;
    const answer = findAnswer({ asked, state, reply, principal, key });
    if (answer !== undefined && limits.rateLimit !== undefined) checkRate(limits.rateLimit, state, asked.remoteAddress);
    return answer;
  };

  return (asked) => {
    const reply = replies.replyTo(asked.headers);
    if (reply === undefined || ending.isOver()) return undefined;
    const parts = { asked, state: createRequestState(asked.headers, now()), reply };
    const found = recover(() => whenThere(identify(parts.state, asked.headers), (who) => admit(parts, who)), fail);
    return whenThere(found, (answer) => answer && finish(parts, answer));
  };
}

/** The answer that says what failed. */
function fail(error: unknown): Answer {
  return () => {
    throw error;
  };
}

/** Whose data a request is about, in their order: who asks, with which token. Undefined where that cannot be told. */
function createIdentifying({ authentication, takesToken, parts }: LaneOptions) {
  const find = (
    state: RequestState,
    headers: HeadersByName,
  ): Principal | undefined | Promise<Principal | undefined> => {
    if (takesToken) noteCallerToken(headers, state);
    return findPrincipal(parts, state);
  };
  return (state: RequestState, headers: HeadersByName) =>
    authentication === undefined
      ? find(state, headers)
      : noteCaller(authentication, headers, state).then(() => find(state, headers));
}

/** Undefined where that cannot be told, which is an error of each report that is asked for. */
function findPrincipal(
  { credentials }: ContextParts,
  { callerToken }: RequestState,
): Principal | undefined | Promise<Principal | undefined> {
  return recover(
    () => credentials.principal(callerToken),
    () => undefined,
  );
}

/** An answer that is kept, with the age that it has now. */
function createGiving({ responses, now }: LaneOptions) {
  return ({ state, reply }: Visit, kept: ResponseEntry, watched: WatchedVisit): Answered | Promise<Answered> => {
    const ready = kept.value as ReadyAnswer;
    const reports = responses.recordHit(kept);
    const cache = { hit: reports.length, stale: 0, shared: 0, collapsed: 0, miss: 0 };
    state.operation = { name: ready.facts.name, stats: { cache, upstreamMs: 0, reports, faults: [] } };
    state.isReady = true;
    watched.operation = ready.facts;
    watched.result = 'ok';
    return ready.answer({ age: toAge({ reports }, now()), mayBeKept: true }, reply.isGzip);
  };
}

/** Answers, and tells all who want to know of it. */
function createFinish({ observer, replies, log, now, onEnd, format }: LaneOptions) {
  const settle = (answer: Answer, watched: WatchedVisit, reply: Reply): Answered | Promise<Answered> => {
    const refused = (error: unknown): Answered => {
      watched.result = 'error';
      return toRefusal(formatErrors(refuse(error), watched.state, format), reply);
    };
    return recover(() => answer(watched), refused);
  };
  return ({ asked, state, reply }: Parts, answer: Answer): Given | Promise<Given> => {
    const observation = observer?.begin({ requestId: state.requestId, header: (name) => asked.headers.get(name) });
    if (observation?.traceId !== undefined) state.traceId = observation.traceId;
    const watched: WatchedVisit = { observation, state };
    const tell = (status?: number): void => {
      const hasLeft = asked.hasLeft();
      if (status !== undefined) watched.status = status;
      onEnd(state);
      if (status !== undefined) log(state, status, hasLeft);
      observation?.end(toOutcome(watched, hasLeft, now()));
    };
    const conclude = (answered: Answered): Given => {
      const given = replies.give(reply, answered, state.requestId);
      tell(answered.status);
      return given;
    };
    // A defect of ours: also then nothing is held for it any more.
    const giveUp = (error: unknown): never => {
      tell();
      throw error;
    };
    return recover(() => whenThere(settle(answer, watched, reply), conclude), giveUp);
  };
}
