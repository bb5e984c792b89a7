// An operation prepared for execution: how its variables are coerced, and its plans. Which fields are left over by @skip
// and @include depends on variables, so an operation has a plan for each combination of their values.

import {
  getVariableValues,
  Kind,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
} from 'graphql';

import { createInclusionTest } from './collect-fields.js';
import { planVariables, type Values } from './coerce-inputs.js';
import { createPlan, UnsupportedOperationError, type Plan } from './plan.js';

export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The coerced values of the variables, or what is wrong with them (CoerceVariableValues, section 6.1.2). */
  coerceVariables(given: Values): Values | readonly GraphQLError[];
  /** Undefined where graphql-js has to execute the operation. */
  planFor(variables: Values): Plan | undefined;
  /** How many fields the plans that it may retain have at most: what it weighs. */
  readonly maxFieldCount: number;
}

/** Each error prints the whole value: 50 of them took 0.2 s for a body of 150 KB. */
const MAX_VARIABLE_ERRORS = 3;
/** How many combinations of conditions keep their plan. */
const MAX_PLANS = 4;

/** @throws TooManyFieldsError. @param document valid against the schema. */
export function prepareOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): PreparedOperation {
  return new Prepared(schema, document, operation);
}

class Prepared implements PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly maxFieldCount: number;
  readonly #schema: GraphQLSchema;
  readonly #fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly #coerce: (given: Values) => Values | undefined;
  readonly #conditions: readonly string[];
  readonly #plans = new Map<string, Plan | undefined>();

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
    this.#schema = schema;
    this.document = document;
    this.operation = operation;
    this.#fragments = findFragments(document);
    this.#coerce = planVariables(schema, operation.variableDefinitions ?? []);
    this.#conditions = findConditions(document);
    if (this.#conditions.length === 0) {
      this.maxFieldCount = this.planFor({})?.fieldCount ?? 0;
    } else {
      const largest = this.#createPlan(() => true);
      this.maxFieldCount = MAX_PLANS * (largest?.fieldCount ?? 0);
    }
  }

  coerceVariables(given: Values): Values | readonly GraphQLError[] {
    const values = this.#coerce(given);
    if (values !== undefined) return values;
    // graphql-js says what is wrong with them.
    const definitions = this.operation.variableDefinitions ?? [];
    const { errors, coerced } = getVariableValues(this.#schema, definitions, given, { maxErrors: MAX_VARIABLE_ERRORS });
    return errors ?? coerced;
  }

  planFor(variables: Values): Plan | undefined {
    const key = this.#conditions.map((name) => String(variables[name])).join();
    if (this.#plans.has(key)) return this.#plans.get(key);
    const plan = this.#createPlan(createInclusionTest(variables));
    if (this.#plans.size < MAX_PLANS) this.#plans.set(key, plan);
    return plan;
  }

  #createPlan(isIncluded: (selection: SelectionNode) => boolean): Plan | undefined {
    const { operation } = this;
    try {
      return createPlan({ schema: this.#schema, operation, fragments: this.#fragments, isIncluded });
    } catch (error) {
      if (error instanceof UnsupportedOperationError) return undefined;
      throw error;
    }
  }
}

function findFragments({ definitions }: DocumentNode): Readonly<Record<string, FragmentDefinitionNode>> {
  // Without a prototype: a fragment may be called __proto__.
  const fragments = Object.create(null) as Record<string, FragmentDefinitionNode>;
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}

/** The variables that @skip and @include use. */
function findConditions(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ name, arguments: args = [] }) {
      if (name.value !== 'skip' && name.value !== 'include') return;
      for (const { value } of args) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
