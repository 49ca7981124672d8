// What ResourceClaim and ResourceClaimTemplate share: requests for devices, what must hold between them, and their
// configuration. Expressions are not compiled. Upstream: pkg/apis/resource/v1/defaults.go, pkg/apis/resource/validation.
import { byteLength } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { csiDriverName } from './csi-names.ts';
import { DEVICE_REQUEST_GATES, dropper } from './feature-gates.ts';
import { dnsSubdomain, requiredLabel } from './field-rules.ts';

interface Selector {
  cel?: { expression?: string };
}
interface Exact {
  deviceClassName?: string;
  selectors?: Selector[];
  allocationMode?: string;
  count?: number;
}
interface Request {
  name?: string;
  exactly?: Exact;
  firstAvailable?: (Exact & { name?: string })[];
}
interface Configuration {
  requests?: string[];
  opaque?: { driver?: string; parameters?: unknown };
}
interface Devices {
  requests?: Request[];
  constraints?: { requests?: string[]; matchAttribute?: string }[];
  config?: Configuration[];
}
export interface ClaimSpec {
  devices?: Devices;
}

const MAX_ITEMS = 32;
const MAX_ALTERNATIVES = 8;
const MAX_EXPRESSION = 10 * 1024;

function defaultExact(request: Exact): void {
  request.allocationMode ||= 'ExactCount';
  if (request.allocationMode === 'ExactCount' && !request.count) request.count = 1;
}

export const dropDevices = dropper(DEVICE_REQUEST_GATES);

export function defaultClaimSpec(spec: ClaimSpec): void {
  for (const request of spec.devices?.requests ?? []) {
    if (request.exactly) defaultExact(request.exactly);
    for (const alternative of request.firstAvailable ?? []) defaultExact(alternative);
  }
}

/** Bounded and, when there are keys, without doubles. Upstream: validateSlice, validateSet. */
function each<T>(
  errors: FieldErrors,
  path: string,
  list: readonly T[] | undefined,
  most: number,
  check: (item: T, path: string) => void,
  keyOf?: (item: T) => string,
): void {
  const seen = new Set<string>();
  list?.forEach((item, i) => {
    check(item, `${path}[${i}]`);
    const key = keyOf?.(item);
    if (key === undefined) return;
    if (seen.has(key)) errors.duplicate(`${path}[${i}]`, key);
    seen.add(key);
  });
  if (list && list.length > most) errors.tooMany(path, list.length, most);
}

export function validateSelectors(errors: FieldErrors, path: string, list: readonly Selector[] | undefined): void {
  each(errors, path, list, MAX_ITEMS, ({ cel }, at) => {
    if (!cel) return errors.required(`${at}.cel`);
    if (byteLength(cel.expression ?? '') > MAX_EXPRESSION) errors.tooLong(`${at}.cel.expression`, MAX_EXPRESSION);
  });
}

function validateExact(errors: FieldErrors, path: string, request: Exact): void {
  const { deviceClassName, selectors, allocationMode: mode = '', count = 0 } = request;
  if (!deviceClassName) errors.required(`${path}.deviceClassName`);
  else dnsSubdomain(errors, `${path}.deviceClassName`, deviceClassName);
  validateSelectors(errors, `${path}.selectors`, selectors);
  if (mode === 'All') {
    if (count !== 0) errors.invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'");
  } else if (mode === 'ExactCount') {
    if (count <= 0) errors.invalid(`${path}.count`, count, 'must be greater than zero');
  } else errors.notSupported(`${path}.allocationMode`, mode, ['All', 'ExactCount']);
}

function validateRequest(errors: FieldErrors, path: string, request: Request): void {
  requiredLabel(errors, `${path}.name`, request.name);
  const { exactly, firstAvailable } = request;
  const one = 'exactly one of `exactly` or `firstAvailable` is required';
  if (!exactly && !firstAvailable?.length) errors.required(path, one);
  else if (exactly && firstAvailable?.length) errors.invalid(path, null, `${one}, but multiple fields are set`);
  else if (exactly) validateExact(errors, `${path}.exactly`, exactly);
  else {
    const check = (alternative: Exact & { name?: string }, at: string): void => {
      requiredLabel(errors, `${at}.name`, alternative.name);
      validateExact(errors, at, alternative);
    };
    each(errors, `${path}.firstAvailable`, firstAvailable, MAX_ALTERNATIVES, check, (a) => a.name ?? '');
  }
}

const NO_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** `request` or `request/alternative`. */
function requestNames({ requests = [] }: Devices): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name = '', firstAvailable = [] } of requests) {
    names.add(name);
    for (const alternative of firstAvailable) names.add(`${name}/${alternative.name ?? ''}`);
  }
  return names;
}

function validateReferences(
  errors: FieldErrors,
  path: string,
  list: readonly string[] | undefined,
  names: ReadonlySet<string>,
): void {
  const check = (name: string, at: string): void => {
    const parts = name.split('/');
    if (parts.length > 2) return errors.invalid(at, name, NO_REQUEST);
    for (const part of parts) requiredLabel(errors, at, part);
    if (!names.has(name)) errors.invalid(at, name, NO_REQUEST);
  };
  each(errors, path, list, MAX_ITEMS, check, (name) => name);
}

export function validateConfigurations(
  errors: FieldErrors,
  path: string,
  list: readonly Configuration[] | undefined,
  names?: ReadonlySet<string>,
): void {
  each(errors, path, list, MAX_ITEMS, ({ requests, opaque }, at) => {
    if (names) validateReferences(errors, `${at}.requests`, requests, names);
    if (!opaque) return errors.required(`${at}.opaque`);
    csiDriverName(errors, `${at}.opaque.driver`, opaque.driver);
    const { parameters } = opaque;
    const field = `${at}.opaque.parameters`;
    if (parameters == null) errors.required(field);
    else if (typeof parameters !== 'object' || Array.isArray(parameters)) {
      errors.invalid(field, '<value omitted>', 'must be a valid JSON object');
    }
  });
}

export function validateClaimSpec(errors: FieldErrors, path: string, { devices = {} }: ClaimSpec = {}): void {
  const names = requestNames(devices);
  const at = `${path}.devices`;
  const request = (r: Request, field: string): void => validateRequest(errors, field, r);
  each(errors, `${at}.requests`, devices.requests, MAX_ITEMS, request, (r) => r.name ?? '');
  each(errors, `${at}.constraints`, devices.constraints, MAX_ITEMS, ({ requests, matchAttribute }, field) => {
    validateReferences(errors, `${field}.requests`, requests, names);
    if (matchAttribute == null) errors.required(`${field}.matchAttribute`);
    else if (!matchAttribute.includes('/')) {
      errors.invalid(`${field}.matchAttribute`, matchAttribute, 'must include a domain');
    }
  });
  validateConfigurations(errors, `${at}.config`, devices.config, names);
}
