// What ResourceClaim and ResourceClaimTemplate share: requests for devices, what must hold between them, and their
// configuration. Expressions are not compiled. Upstream: pkg/apis/resource/v1/defaults.go, pkg/apis/resource/validation.
import { byteLength, cIdentifierErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { csiDriverName } from './csi-names.ts';
import { DEVICE_REQUEST_GATES, dropper } from './feature-gates.ts';
import { dnsLabel, dnsSubdomain } from './field-rules.ts';

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
export interface Configuration {
  /** Of an allocation: whose it is. */
  source?: string;
  requests?: string[];
  opaque?: { driver?: string; parameters?: unknown };
}
export interface Devices {
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
const MAX_RAW = 10 * 1024;

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
export function each<T>(
  errors: FieldErrors,
  path: string,
  list: readonly T[] | undefined,
  most: number,
  check: (item: T, path: string) => void,
  keyOf?: (item: T) => unknown,
  key = '',
): void {
  list?.forEach((item, i) => check(item, `${path}[${i}]`));
  if (list && list.length > most) errors.tooMany(path, list.length, most);
  if (!keyOf) return;
  const seen = new Set<unknown>();
  list?.forEach((item, i) => {
    const value = keyOf(item);
    if (seen.has(value)) errors.duplicate(`${path}[${i}]${key}`, value);
    seen.add(value);
  });
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
  dnsLabel(errors, `${path}.name`, request.name ?? '');
  const { exactly, firstAvailable } = request;
  const check = (alternative: Exact & { name?: string }, at: string): void => {
    dnsLabel(errors, `${at}.name`, alternative.name ?? '');
    validateExact(errors, at, alternative);
  };
  each(errors, `${path}.firstAvailable`, firstAvailable, MAX_ALTERNATIVES, check, (a) => a.name ?? '', '.name');
  if (exactly) validateExact(errors, `${path}.exactly`, exactly);
  const one = 'exactly one of `exactly` or `firstAvailable` is required';
  if (!exactly && !firstAvailable?.length) errors.required(path, one);
  else if (exactly && firstAvailable?.length) errors.invalid(path, null, `${one}, but multiple fields are set`);
}

const NO_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** `request` or `request/alternative`. */
export function requestNames({ requests = [] }: Devices): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name = '', firstAvailable = [] } of requests) {
    names.add(name);
    for (const alternative of firstAvailable) names.add(`${name}/${alternative.name ?? ''}`);
  }
  return names;
}

export function validateReference(errors: FieldErrors, at: string, name: string, names: ReadonlySet<string>): void {
  const parts = name.split('/');
  if (parts.length > 2) return errors.invalid(at, name, NO_REQUEST);
  for (const part of parts) dnsLabel(errors, at, part);
  if (!names.has(name)) errors.invalid(at, name, NO_REQUEST);
}

function validateReferences(
  errors: FieldErrors,
  path: string,
  list: readonly string[] | undefined,
  names: ReadonlySet<string>,
): void {
  each(
    errors,
    path,
    list,
    MAX_ITEMS,
    (name, at) => validateReference(errors, at, name, names),
    (name) => name,
  );
}

/** An object of a driver's own, of no more than 10 KiB where it is new. Upstream: validateRawExtension. */
export function validateRaw(errors: FieldErrors, field: string, value: unknown, stored: boolean): void {
  if (value == null) return errors.required(field);
  if (!stored && byteLength(JSON.stringify(value)) > MAX_RAW) return errors.tooLong(field, MAX_RAW);
  if (typeof value !== 'object' || Array.isArray(value)) {
    errors.invalid(field, '<value omitted>', 'must be a valid JSON object');
  }
}

export interface ConfigurationOptions {
  names?: ReadonlySet<string>;
  stored?: boolean;
  most?: number;
  /** What each has before its requests. */
  before?(item: Configuration, path: string): void;
}

export function validateConfigurations(
  errors: FieldErrors,
  path: string,
  list: readonly Configuration[] | undefined,
  { names, stored = false, most = MAX_ITEMS, before }: ConfigurationOptions = {},
): void {
  each(errors, path, list, most, (item, at) => {
    before?.(item, at);
    const { requests, opaque } = item;
    if (names) validateReferences(errors, `${at}.requests`, requests, names);
    if (!opaque) return errors.required(`${at}.opaque`);
    csiDriverName(errors, `${at}.opaque.driver`, opaque.driver);
    validateRaw(errors, `${at}.opaque.parameters`, opaque.parameters, stored);
  });
}

const MAX_POOL_NAME = 253;

export function poolName(errors: FieldErrors, field: string, name = ''): void {
  if (!name) return errors.required(field);
  if (name.length > MAX_POOL_NAME) errors.tooLong(field, MAX_POOL_NAME);
  for (const part of name.split('/')) dnsSubdomain(errors, field, part);
}

const MAX_ID = 32;

function identifier(errors: FieldErrors, field: string, id: string): void {
  if (id.length > MAX_ID) errors.tooLong(field, MAX_ID);
  for (const message of cIdentifierErrors(id)) errors.typeInvalid(field, id, message);
}

/** Upstream: validateQualifiedName. */
export function attributeName(errors: FieldErrors, field: string, name: string): void {
  if (!name) return errors.required(field, 'name required');
  const parts = name.split('/');
  if (parts.length === 1) identifier(errors, field, name);
  if (parts.length !== 2) return;
  const [domain, id] = parts as [string, string];
  if (!domain) errors.required(field, 'the domain must not be empty');
  else csiDriverName(errors, field, domain);
  if (!id) errors.required(field, 'the name must not be empty');
  else identifier(errors, field, id);
}

export function validateClaimSpec(
  errors: FieldErrors,
  path: string,
  { devices = {} }: ClaimSpec = {},
  stored = false,
): void {
  const names = requestNames(devices);
  const at = `${path}.devices`;
  const request = (r: Request, field: string): void => validateRequest(errors, field, r);
  each(errors, `${at}.requests`, devices.requests, MAX_ITEMS, request, (r) => r.name ?? '', '.name');
  each(errors, `${at}.constraints`, devices.constraints, MAX_ITEMS, ({ requests, matchAttribute: name }, item) => {
    validateReferences(errors, `${item}.requests`, requests, names);
    const field = `${item}.matchAttribute`;
    if (name == null) return errors.required(field);
    attributeName(errors, field, name);
    if (name && !name.includes('/')) errors.invalid(field, name, 'must include a domain');
  });
  validateConfigurations(errors, `${at}.config`, devices.config, { names, stored });
}
