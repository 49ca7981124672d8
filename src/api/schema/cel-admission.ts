// CEL as admission uses it: the variables object, oldObject, request and authorizer, and the authorizer's functions.
// Upstream: apiserver/pkg/admission/plugin/cel/compile.go, apiserver/pkg/cel/library/authz.go.
import { type Compiled, compile } from '../cel/compile.ts';
import { declare } from '../cel/functions.ts';
import { functions } from '../cel/library/index.ts';
import { DYN, type Type, opaque } from '../cel/types.ts';
import { CelError, type OpaqueValue } from '../cel/values.ts';

/** What a check asks; without `serviceAccount` for the user of the request. */
export interface CheckAttributes {
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
const PREFIX = 'kubernetes.authorization.';

/** An authorizer, or what of it an expression has narrowed down to. */
class Narrowed implements OpaqueValue {
  readonly typeName: string;
  readonly check: Check;
  readonly target: Target;
  /** Of an authorizer: what the request itself is about. */
  readonly request: Target;
  constructor(
    type: 'Authorizer' | 'PathCheck' | 'GroupCheck' | 'ResourceCheck',
    check: Check,
    target: Target,
    request: Target,
  ) {
    this.typeName = PREFIX + type;
    this.check = check;
    this.target = target;
    this.request = request;
  }
  equalTo(other: OpaqueValue): boolean {
    return other === this;
  }
}

class Decision implements OpaqueValue {
  readonly typeName = `${PREFIX}Decision`;
  readonly allowed: boolean;
  readonly reason: string;
  readonly error: string;
  constructor(allowed: boolean, reason: string, error: string) {
    [this.allowed, this.reason, this.error] = [allowed, reason, error];
  }
  equalTo(other: OpaqueValue): boolean {
    return other === this;
  }
}

/** Upstream's cost of one check. */
const CHECK_COST = {
  actual: () => 350_000,
  estimate: () => ({ cost: { min: 350_000, max: 350_000 } }),
};

function decide({ check, target }: Narrowed, verb: string): Decision {
  try {
    const { allowed, reason } = check({ ...target, verb });
    return new Decision(allowed, reason, '');
  } catch (error) {
    return new Decision(false, '', (error as Error).message);
  }
}

function filled(text: string, what: string): string {
  if (text.trim() === '') throw new CelError(`${what} must not be empty`);
  return text;
}

function declareAuthorizer(): void {
  const table = functions();
  let count = 0;
  const at = (signature: string, run: (...args: never[]) => unknown, checks = false): void => {
    const full = signature.replaceAll(/\b(Authorizer|PathCheck|GroupCheck|ResourceCheck|Decision)\b/g, `${PREFIX}$1`);
    declare(table, `authorizer_${count++}`, full, run, checks ? CHECK_COST : undefined);
  };
  const narrowed = (type: ConstructorParameters<typeof Narrowed>[0], from: Narrowed, more: Target): Narrowed =>
    new Narrowed(type, from.check, { ...from.target, ...more }, from.request);
  at('.path(Authorizer, string) PathCheck', (a: Narrowed, path: string) =>
    narrowed('PathCheck', a, { path: `/${filled(path, 'path').replace(/^\/+/, '')}` }),
  );
  at('.group(Authorizer, string) GroupCheck', (a: Narrowed, group: string) => narrowed('GroupCheck', a, { group }));
  at('.serviceAccount(Authorizer, string, string) Authorizer', (a: Narrowed, namespace: string, name: string) =>
    narrowed('Authorizer', a, { serviceAccount: { namespace, name } }),
  );
  at('.requestResource(Authorizer) ResourceCheck', (a: Narrowed) => narrowed('ResourceCheck', a, a.request));
  at('.resource(GroupCheck, string) ResourceCheck', (g: Narrowed, resource: string) =>
    narrowed('ResourceCheck', g, { resource: filled(resource, 'resource') }),
  );
  for (const field of ['subresource', 'namespace', 'name'] as const) {
    at(`.${field}(ResourceCheck, string) ResourceCheck`, (r: Narrowed, value: string) =>
      narrowed('ResourceCheck', r, { [field]: value }),
    );
  }
  // Authorizers here decide without looking at selectors.
  for (const field of ['fieldSelector', 'labelSelector']) {
    at(`.${field}(ResourceCheck, string) ResourceCheck`, (r: Narrowed) => r);
  }
  at('.check(PathCheck, string) Decision', decide, true);
  at('.check(ResourceCheck, string) Decision', decide, true);
  at('.allowed(Decision) bool', (d: Decision) => d.allowed);
  at('.reason(Decision) string', (d: Decision) => d.reason);
  at('.errored(Decision) bool', (d: Decision) => d.error !== '');
  at('.error(Decision) string', (d: Decision) => d.error);
}

const VARIABLES: ReadonlyMap<string, Type> = new Map([
  ['object', DYN],
  ['oldObject', DYN],
  ['request', DYN],
  ['authorizer', opaque(`${PREFIX}Authorizer`)],
]);

let declared = false;

/** Throws an Error with upstream's text. An expression that cannot be a bool is refused too. */
export function compileAdmissionExpression(text: string): Compiled {
  if (!declared) {
    declareAuthorizer();
    declared = true;
  }
  let compiled: Compiled;
  try {
    // Upstream's variable of that name has a dot in it; here it is a function.
    compiled = compile(
      text.replaceAll(/\bauthorizer\s*\.\s*requestResource\b/g, 'authorizer.requestResource()'),
      VARIABLES,
    );
  } catch (error) {
    throw new Error(`compilation failed: ${(error as Error).message}`, { cause: error });
  }
  if (compiled.type.kind !== 'bool' && compiled.type.kind !== 'dyn') throw new Error('must evaluate to bool');
  return compiled;
}

/** The value of the variable `authorizer`. */
export const admissionAuthorizer = (check: Check, requestResource: Target): OpaqueValue =>
  new Narrowed('Authorizer', check, {}, requestResource);

/** A JSON value as CEL sees what has no schema: objects are maps, whole numbers are ints. */
export function untypedCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (value === undefined) return null;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(untypedCel);
  const map = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value)) if (member !== undefined) map.set(name, untypedCel(member));
  return map;
}
