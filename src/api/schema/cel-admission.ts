// CEL as admission uses it: the variables object, oldObject, request and authorizer, and the authorizer's functions.
// Upstream: apiserver/pkg/admission/plugin/cel/compile.go, apiserver/pkg/cel/library/authz.go.
import { type Environment } from '@marcbachmann/cel-js';
import { type Expression, celEnvironment, compileIn } from './cel.ts';

/** What a check asks; without `user` the user of the request. */
export interface CheckAttributes {
  /** Given: this service account instead of who asks. */
  serviceAccount?: { namespace: string; name: string };
  verb: string;
  path?: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
}

export type Check = (attributes: CheckAttributes) => { allowed: boolean; reason: string };

type Target = Omit<CheckAttributes, 'verb'>;

export class CelAuthorizer {
  readonly check: Check;
  readonly base: Target;
  readonly requestResource: ResourceCheck;
  constructor(check: Check, requestResource: Target, base: Target = {}) {
    this.check = check;
    this.base = base;
    this.requestResource = new ResourceCheck(check, requestResource);
  }
}
class PathCheck {
  constructor(
    readonly check: Check,
    readonly target: Target,
  ) {}
}
class GroupCheck {
  constructor(
    readonly check: Check,
    readonly target: Target,
  ) {}
}
class ResourceCheck {
  constructor(
    readonly check: Check,
    readonly target: Target,
  ) {}
}
class Decision {
  constructor(
    readonly allowed: boolean,
    readonly reason: string,
    readonly error: string,
  ) {}
}

function decide(check: Check, attributes: CheckAttributes): Decision {
  try {
    const { allowed, reason } = check(attributes);
    return new Decision(allowed, reason, '');
  } catch (error) {
    return new Decision(false, '', (error as Error).message);
  }
}

function filled(text: string, what: string): string {
  if (text.trim() === '') throw new Error(`${what} must not be empty`);
  return text;
}

function registerAuthorizer(env: Environment): void {
  env.registerType('kubernetes.authorization.Decision', Decision);
  env.registerType('kubernetes.authorization.PathCheck', PathCheck);
  env.registerType('kubernetes.authorization.ResourceCheck', ResourceCheck);
  env.registerType('kubernetes.authorization.GroupCheck', GroupCheck);
  env.registerType('kubernetes.authorization.Authorizer', {
    ctor: CelAuthorizer,
    fields: { requestResource: 'kubernetes.authorization.ResourceCheck' },
  });
  env.registerVariable('authorizer', 'kubernetes.authorization.Authorizer');
  const at = (signature: string, run: (...args: never[]) => unknown): void => {
    const full = signature.replaceAll(
      /\b(Authorizer|PathCheck|GroupCheck|ResourceCheck|Decision)\b/g,
      (name) => `kubernetes.authorization.${name}`,
    );
    env.registerFunction(full, run);
  };
  at(
    'Authorizer.path(string): PathCheck',
    (a: CelAuthorizer, path: string) =>
      new PathCheck(a.check, { ...a.base, path: `/${filled(path, 'path').replace(/^\/+/, '')}` }),
  );
  at(
    'Authorizer.group(string): GroupCheck',
    (a: CelAuthorizer, group: string) => new GroupCheck(a.check, { ...a.base, group }),
  );
  at(
    'Authorizer.serviceAccount(string, string): Authorizer',
    (a: CelAuthorizer, namespace: string, name: string) =>
      new CelAuthorizer(a.check, a.requestResource.target, { serviceAccount: { namespace, name } }),
  );
  at(
    'GroupCheck.resource(string): ResourceCheck',
    (g: GroupCheck, resource: string) =>
      new ResourceCheck(g.check, { ...g.target, resource: filled(resource, 'resource') }),
  );
  for (const field of ['subresource', 'namespace', 'name'] as const) {
    at(
      `ResourceCheck.${field}(string): ResourceCheck`,
      (r: ResourceCheck, value: string) => new ResourceCheck(r.check, { ...r.target, [field]: value }),
    );
  }
  for (const field of ['fieldSelector', 'labelSelector']) {
    at(`ResourceCheck.${field}(string): ResourceCheck`, (r: ResourceCheck) => r);
  }
  at('PathCheck.check(string): Decision', (p: PathCheck, verb: string) => decide(p.check, { ...p.target, verb }));
  at('ResourceCheck.check(string): Decision', (r: ResourceCheck, verb: string) =>
    decide(r.check, { ...r.target, verb }),
  );
  at('Decision.allowed(): bool', (d: Decision) => d.allowed);
  at('Decision.reason(): string', (d: Decision) => d.reason);
  at('Decision.errored(): bool', (d: Decision) => d.error !== '');
  at('Decision.error(): string', (d: Decision) => d.error);
}

let shared: Environment | undefined;

/** Throws with the compiler's message; an expression that cannot be a bool is refused too. */
export function compileAdmissionExpression(text: string): Expression<Record<string, unknown>> {
  if (!shared) {
    shared = celEnvironment(['object', 'oldObject', 'request']);
    registerAuthorizer(shared);
  }
  return compileIn(shared, text, 'bool');
}

/** The value of the variable `authorizer`. */
export const admissionAuthorizer = (check: Check, requestResource: Target): CelAuthorizer =>
  new CelAuthorizer(check, requestResource);
