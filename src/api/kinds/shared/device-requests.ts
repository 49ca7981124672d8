// What ResourceClaim and ResourceClaimTemplate share. Upstream: pkg/apis/resource/v1/defaults.go, pkg/apis/resource/validation.
import type { FieldErrors } from '../../validation.ts';
import { dnsSubdomain, oneOf, requiredLabel } from './field-rules.ts';

interface Request {
  name: string;
  exactly?: { deviceClassName?: string; allocationMode?: string; count?: number };
  firstAvailable?: { name: string; deviceClassName?: string; allocationMode?: string; count?: number }[];
}
export interface ClaimSpec {
  devices?: { requests?: Request[] };
}

type Exact = NonNullable<Request['exactly']>;

function defaultExact(request: Exact): void {
  request.allocationMode ||= 'ExactCount';
  if (request.allocationMode === 'ExactCount' && !request.count) request.count = 1;
}

export function defaultClaimSpec(spec: ClaimSpec): void {
  for (const request of spec.devices?.requests ?? []) {
    if (request.exactly) defaultExact(request.exactly);
    for (const alternative of request.firstAvailable ?? []) defaultExact(alternative);
  }
}

function validateExact(errors: FieldErrors, path: string, request: Exact): void {
  if (!request.deviceClassName) errors.required(`${path}.deviceClassName`);
  else dnsSubdomain(errors, `${path}.deviceClassName`, request.deviceClassName);
  oneOf(errors, `${path}.allocationMode`, request.allocationMode, ['All', 'ExactCount']);
  if (request.allocationMode === 'ExactCount' && (request.count ?? 0) <= 0) {
    errors.invalid(`${path}.count`, request.count ?? 0, 'must be greater than zero');
  }
}

export function validateClaimSpec(errors: FieldErrors, path: string, spec: ClaimSpec | undefined): void {
  const names = new Set<string>();
  spec?.devices?.requests?.forEach((request, i) => {
    const field = `${path}.devices.requests[${i}]`;
    requiredLabel(errors, `${field}.name`, request.name);
    if (names.has(request.name)) errors.duplicate(`${field}.name`, request.name);
    names.add(request.name);
    if (request.exactly) validateExact(errors, `${field}.exactly`, request.exactly);
    else if (!request.firstAvailable?.length) {
      errors.required(field, 'exactly one of `exactly` or `firstAvailable` is required');
    }
    request.firstAvailable?.forEach((alternative, j) => {
      validateExact(errors, `${field}.firstAvailable[${j}]`, alternative);
    });
  });
}
