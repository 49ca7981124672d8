// Small rules that many kinds share: ranges, required names, one of a set, immutability. Each pushes a field error
// with upstream's words. Upstream: pkg/apis/core/validation/validation.go, apimachinery/pkg/api/validation.
import { semanticEqual } from '../../equal.ts';
import {
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  portNameErrors,
  portNumberErrors,
  qualifiedNameErrors,
} from '../../names.ts';
import { type LabelSelector } from '../../selector.ts';
import type { FieldErrors } from '../../validation.ts';

export const IMMUTABLE = 'field is immutable';
export const NOT_NEGATIVE = 'must be greater than or equal to 0';
export const POSITIVE = 'must be greater than zero';
export const FILE_MODE = 'must be a number between 0 and 0777 (octal), both inclusive';
export const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];

export function nonNegative(errors: FieldErrors, field: string, value: number | undefined): void {
  if (value !== undefined && value < 0) errors.invalid(field, value, NOT_NEGATIVE);
}

export function positive(errors: FieldErrors, field: string, value: number | undefined): void {
  if (value !== undefined && value <= 0) errors.invalid(field, value, POSITIVE);
}

export function push(errors: FieldErrors, field: string, value: unknown, messages: readonly string[]): void {
  for (const message of messages) errors.invalid(field, value, message);
}

export function dnsLabel(errors: FieldErrors, field: string, value: string): void {
  push(errors, field, value, dns1123LabelErrors(value));
}
export function dnsSubdomain(errors: FieldErrors, field: string, value: string): void {
  push(errors, field, value, dns1123SubdomainErrors(value));
}
export function qualifiedName(errors: FieldErrors, field: string, value: string): void {
  push(errors, field, value, qualifiedNameErrors(value));
}

export function requiredLabel(errors: FieldErrors, field: string, value: string | undefined): void {
  if (!value) errors.required(field);
  else dnsLabel(errors, field, value);
}

/** Required and one of `supported`, which is printed in the order given. */
export function oneOf(
  errors: FieldErrors,
  field: string,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (!value) errors.required(field);
  else if (!supported.includes(value)) errors.notSupported(field, value, supported);
}

export function optionalOneOf(
  errors: FieldErrors,
  field: string,
  value: string | null | undefined,
  supported: readonly string[],
): void {
  if (value !== undefined && value !== null && !supported.includes(value)) errors.notSupported(field, value, supported);
}

export function immutable(errors: FieldErrors, field: string, value: unknown, old: unknown): void {
  if (!semanticEqual(value, old)) errors.invalid(field, value, IMMUTABLE);
}

export function fileMode(errors: FieldErrors, field: string, mode: number | undefined): void {
  if (mode !== undefined && (mode > 0o777 || mode < 0)) errors.invalid(field, mode, FILE_MODE);
}

/** A port's number or name. Upstream: ValidatePortNumOrName. */
export function portNumberOrName(errors: FieldErrors, field: string, port: number | string | undefined): void {
  const value = port ?? 0;
  push(errors, field, value, typeof value === 'number' ? portNumberErrors(value) : portNameErrors(value));
}

export function noBacksteps(errors: FieldErrors, field: string, path: string): boolean {
  if (!path.split('/').includes('..')) return true;
  errors.invalid(field, path, "must not contain '..'");
  return false;
}

/** A relative path that stays below. Upstream: validateLocalDescendingPath. */
export function localDescendingPath(errors: FieldErrors, field: string, path: string): void {
  if (path.startsWith('/')) errors.invalid(field, path, 'must be a relative path');
  noBacksteps(errors, field, path);
}

/** Also not starting with `..`. Upstream: ValidateLocalNonReservedPath. */
export function localNonReservedPath(errors: FieldErrors, field: string, path: string): void {
  localDescendingPath(errors, field, path);
  // A path that starts with `../` has that error already.
  if (path.startsWith('..') && !path.startsWith('../')) errors.invalid(field, path, "must not start with '..'");
}

const EXPRESSION_OPERATORS = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** Upstream: metav1 validation.ValidateLabelSelector. */
export function labelSelector(
  errors: FieldErrors,
  field: string,
  selector: LabelSelector | undefined,
  allowInvalidValues = false,
): void {
  if (!selector) return;
  for (const key in selector.matchLabels) {
    const value = selector.matchLabels[key] ?? '';
    qualifiedName(errors, `${field}.matchLabels`, key);
    push(errors, `${field}.matchLabels`, value, labelValueErrors(value));
  }
  selector.matchExpressions?.forEach((e, i) => {
    const path = `${field}.matchExpressions[${i}]`;
    const values = e.values ?? [];
    if (!EXPRESSION_OPERATORS.has(e.operator)) {
      errors.invalid(`${path}.operator`, e.operator, 'not a valid selector operator');
    } else if ((e.operator === 'In' || e.operator === 'NotIn') && values.length === 0) {
      errors.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if ((e.operator === 'Exists' || e.operator === 'DoesNotExist') && values.length > 0) {
      errors.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
    qualifiedName(errors, `${path}.key`, e.key ?? '');
    if (allowInvalidValues) return;
    values.forEach((value, j) => push(errors, `${path}.values[${j}]`, value, labelValueErrors(value)));
  });
}

const IPV4_PART = /^(?:0|[1-9]\d{0,2})$/;
const IPV6 = /^[0-9a-fA-F:]+$/;

/** 4, 6 or 0 when the text is no address. */
export function ipFamily(text: string): 0 | 4 | 6 {
  const parts = text.split('.');
  if (parts.length === 4 && !text.includes(':')) {
    return parts.every((p) => IPV4_PART.test(p) && Number(p) <= 255) ? 4 : 0;
  }
  return isIpv6(text) ? 6 : 0;
}

function isIpv6(text: string): boolean {
  const dotted = text.lastIndexOf(':') + 1;
  let body = text;
  if (dotted > 0 && text.includes('.', dotted)) {
    if (ipFamily(text.slice(dotted)) !== 4) return false;
    body = `${text.slice(0, dotted)}0:0`;
  }
  if (!IPV6.test(body)) return false;
  const halves = body.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((g) => g.length >= 1 && g.length <= 4)) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

const IP_MESSAGE = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const CIDR_MESSAGE = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

export function ipAddress(errors: FieldErrors, field: string, value: string | undefined): boolean {
  if (ipFamily(value ?? '') !== 0) return true;
  errors.invalid(field, value ?? '', IP_MESSAGE);
  return false;
}

export function cidrFamily(text: string): 0 | 4 | 6 {
  const slash = text.indexOf('/');
  const family = ipFamily(text.slice(0, slash < 0 ? 0 : slash));
  const bits = text.slice(slash + 1);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) ? family : 0;
}

export function cidr(errors: FieldErrors, field: string, value: string): void {
  if (cidrFamily(value) === 0) errors.invalid(field, value, CIDR_MESSAGE);
}

/** Upstream: ValidateEndpointIP. */
export function endpointIp(errors: FieldErrors, field: string, value: string): void {
  const family = ipFamily(value);
  if (family === 0) return errors.invalid(field, value, 'must be a valid IP address');
  const lower = value.toLowerCase();
  if (value === '0.0.0.0' || value === '::') errors.invalid(field, value, `may not be unspecified (${value})`);
  if (value.startsWith('127.') || value === '::1') {
    errors.invalid(field, value, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  }
  if (value.startsWith('169.254.') || /^fe[89ab]/.test(lower)) {
    errors.invalid(field, value, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  }
  if (value.startsWith('224.0.0.') || lower.startsWith('ff02:')) {
    errors.invalid(field, value, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  }
}
