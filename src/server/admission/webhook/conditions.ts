// A webhook's matchConditions: CEL over the request, before anything is sent. Upstream: admission/plugin/webhook/
// matchconditions/matcher.go; admission/plugin/cel (variables); apiserver/pkg/cel/library/authz.go (the authorizer).
import type { Compiled } from '../../../api/cel/compile.ts';
import type { OpaqueValue } from '../../../api/cel/values.ts';
import { admissionAuthorizer, compileAdmissionExpression, untypedCel } from '../../../api/schema/cel-admission.ts';
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

/** Upstream: RuntimeCELCostBudgetMatchConditions, and PerCallLimit for one expression. */
const BUDGET = 2_500_000;
const LIMIT = 1_000_000;

function compile({ expression }: MatchCondition): Compiled | string {
  try {
    return compileAdmissionExpression(expression);
  } catch (error) {
    return `compilation error: ${(error as Error).message}`;
  }
}

export function compileConditions(conditions: readonly MatchCondition[], ignoresFailures: boolean): CompiledConditions {
  const compiled = conditions.map(compile);
  return {
    evaluate(request, objects, invocation, authorizer) {
      const values = {
        object: untypedCel(objects.object),
        oldObject: untypedCel(objects.oldObject),
        request: untypedCel(requestOf(request, invocation)),
        authorizer: authorizerOf(request, authorizer),
      };
      const errors: string[] = [];
      let left = BUDGET;
      for (const [i, one] of compiled.entries()) {
        if (typeof one === 'string') {
          errors.push(one);
          continue;
        }
        const { value, error, cost } = one.program.evaluate(values, Math.min(left, LIMIT));
        left -= cost;
        if (value === false) return { matches: false };
        if (value === true) continue;
        const why = error?.message ?? `cel expression evaluates to ${typeof value}, and not to bool`;
        errors.push(`expression '${conditions[i]!.expression}' resulted in error: ${why}`);
      }
      if (errors.length === 0) return { matches: true };
      if (ignoresFailures) return { matches: false };
      return { matches: false, error: errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]` };
    },
  };
}

function authorizerOf(request: AdmissionRequest, authorizer: Authorizer): OpaqueValue {
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
