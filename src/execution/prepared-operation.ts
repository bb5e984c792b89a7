// An operation prepared for execution: how its variables are coerced, and its plans. Which fields are left over by @skip
// and @include depends on variables, so an operation has a plan for each combination of their values.

import {
  getVariableValues,
  Kind,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
} from 'graphql';

import { createInclusionTest } from './collect-fields.js';
import type { Values } from './coerce-inputs.js';
import { createPlan, type Plan } from './plan.js';

/** Each error prints the whole value: 50 of them took 0.2 s for a body of 150 KB. */
const MAX_VARIABLE_ERRORS = 3;
/** How many combinations of conditions keep their plan. */
const MAX_PLANS = 4;

export class PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** How many fields the plans that it may retain have at most: what it weighs. */
  readonly maxFieldCount: number;
  readonly #schema: GraphQLSchema;
  readonly #fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly #conditions: readonly string[];
  readonly #plans = new Map<string, Plan>();

  /** @throws TooManyFieldsError. @param document valid against the schema. */
  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
    this.#schema = schema;
    this.document = document;
    this.operation = operation;
    this.#fragments = findFragments(document);
    this.#conditions = findConditions(document);
    this.maxFieldCount =
      this.#conditions.length === 0 ? this.planFor({}).fieldCount : MAX_PLANS * this.#createPlan(() => true).fieldCount;
  }

  /** CoerceVariableValues (section 6.1.2): the coerced values, or what is wrong with them. */
  coerceVariables(given: Values): ReturnType<typeof getVariableValues> {
    const definitions = this.operation.variableDefinitions ?? [];
    return getVariableValues(this.#schema, definitions, given, { maxErrors: MAX_VARIABLE_ERRORS });
  }

  /** @param variables coerced. */
  planFor(variables: Values): Plan {
    const key = this.#conditions.map((name) => String(variables[name])).join();
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = this.#createPlan(createInclusionTest(variables));
    if (this.#plans.size < MAX_PLANS) this.#plans.set(key, plan);
    return plan;
  }

  #createPlan(isIncluded: (selection: SelectionNode) => boolean): Plan {
    const { operation } = this;
    return createPlan({ schema: this.#schema, operation, fragments: this.#fragments, isIncluded });
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
