// An operation prepared for execution: coerces its variables and retains its plans. @skip and @include depend on
// variables, so an operation has one plan per combination of their values.

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
import { createPlan, type Plan, type Values } from './plan.js';

/** Each error prints the whole value: 50 of them took 0.2 s for a body of 150 KB. */
const MAX_VARIABLE_ERRORS = 3;
/** Plans that an operation retains. */
const MAX_PLANS = 4;

export class PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The most fields that all retained plans can have together. */
  readonly maxFieldCount: number;
  readonly #schema: GraphQLSchema;
  readonly #fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly #conditions: readonly string[];
  readonly #plans = new Map<string, Plan>();

  /** @param document valid against the schema. @throws TooManyFieldsError */
  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
    this.#schema = schema;
    this.document = document;
    this.operation = operation;
    this.#fragments = findFragments(document);
    this.#conditions = findConditions(document);
    this.maxFieldCount =
      this.#conditions.length === 0 ? this.planFor({}).fieldCount : MAX_PLANS * this.#createPlan(() => true).fieldCount;
  }

  /** CoerceVariableValues (section 6.1.2 of the GraphQL specification): the coerced values, or the errors. */
  coerceVariables(variables: Values): ReturnType<typeof getVariableValues> {
    const definitions = this.operation.variableDefinitions ?? [];
    return getVariableValues(this.#schema, definitions, variables, { maxErrors: MAX_VARIABLE_ERRORS });
  }

  /** @param variables coerced. */
  planFor(variables: Values): Plan {
    const key = this.#conditions.map((name) => String(variables[name])).join();
    const plan = this.#plans.get(key) ?? this.#createPlan(createInclusionTest(variables));
    if (this.#plans.size < MAX_PLANS) this.#plans.set(key, plan);
    return plan;
  }

  #createPlan(isIncluded: (selection: SelectionNode) => boolean): Plan {
    const { operation } = this;
    return createPlan({ schema: this.#schema, operation, fragments: this.#fragments, isIncluded });
  }
}

function findFragments({ definitions }: DocumentNode): Readonly<Record<string, FragmentDefinitionNode>> {
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return Object.fromEntries(fragments.map((fragment) => [fragment.name.value, fragment]));
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
