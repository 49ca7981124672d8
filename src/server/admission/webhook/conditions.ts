// A webhook's matchConditions: CEL over the request, before anything is sent. Upstream: admission/plugin/webhook/
// matchconditions/matcher.go; admission/plugin/cel (variables); apiserver/pkg/cel/library/authz.go (the authorizer).
import { BudgetExceeded, type Expression, toCel } from '../../../api/schema/cel.ts';
import {
  type CelAuthorizer,
  admissionAuthorizer,
  compileAdmissionExpression,
} from '../../../api/schema/cel-admission.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import type { Authorizer } from '../../auth/types.ts';
import type { User } from '../../../wire/http.ts';
import type { AdmissionRequest } from '../types.ts';
import type { Invocation } from './match.ts';
import { requestOf } from './review.ts';
import type { Versioned } from './versioned.ts';

export interface MatchCondition {
  name: string;
  expression: string;
}

export interface MatchResult {
  matches: boolean;
  /** Given: the request is refused with it. */
  error?: string;
}

export interface CompiledConditions {
  evaluate(request: AdmissionRequest, objects: Versioned, invocation: Invocation, authorizer: Authorizer): MatchResult;
}

type Compiled = { expression: Expression<Record<string, unknown>> } | { problem: string };

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

function compile(condition: MatchCondition): Compiled {
  try {
    return { expression: compileAdmissionExpression(condition.expression) };
  } catch (error) {
    return { problem: `compilation error: compilation failed: ERROR: ${message(error)}` };
  }
}

export function compileConditions(conditions: readonly MatchCondition[], ignoresFailures: boolean): CompiledConditions {
  const compiled = conditions.map(compile);
  return {
    evaluate(request, objects, invocation, authorizer) {
      const count = { size: 0 };
      const asCel = (value: unknown): unknown => (value === undefined ? null : toCel(value, {}, builtinSchemas, count));
      const values = {
        object: asCel(objects.object),
        oldObject: asCel(objects.oldObject),
        request: asCel(requestOf(request, invocation)),
        authorizer: authorizerOf(request, authorizer),
      };
      const errors: string[] = [];
      for (const [i, one] of compiled.entries()) {
        const problem = evaluate(one, conditions[i]!, values, count.size);
        if (problem === false) return { matches: false };
        if (problem !== true) errors.push(problem);
      }
      if (errors.length === 0) return { matches: true };
      if (ignoresFailures) return { matches: false };
      return { matches: false, error: errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]` };
    },
  };
}

/** Whether it is true, or why that cannot be said. */
function evaluate(
  compiled: Compiled,
  { expression }: MatchCondition,
  values: Record<string, unknown>,
  size: number,
): boolean | string {
  if ('problem' in compiled) return compiled.problem;
  try {
    const result = compiled.expression.evaluate(values, size);
    return typeof result === 'boolean' ? result : `cel expression evaluates to ${typeof result}, and not to bool`;
  } catch (error) {
    const why =
      error instanceof BudgetExceeded
        ? 'validation failed due to running out of cost budget, no further validation rules will be run'
        : message(error);
    return `expression ${JSON.stringify(expression)} resulted in error: ${why}`;
  }
}

function authorizerOf(request: AdmissionRequest, authorizer: Authorizer): CelAuthorizer {
  const { user, resource, subresource, namespace, name } = request;
  return admissionAuthorizer(
    ({ serviceAccount, ...attributes }) => {
      const asked = serviceAccount ? serviceAccountUser(serviceAccount) : user;
      const decision = authorizer.authorize({ user: asked, ...attributes });
      if (decision instanceof Promise) throw new Error('the authorizer gives no answer at once');
      return { allowed: decision.allowed, reason: decision.reason ?? '' };
    },
    { group: resource.group, resource: resource.resource, subresource, namespace, name },
  );
}

const serviceAccountUser = ({ namespace, name }: { namespace: string; name: string }): User => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
});
