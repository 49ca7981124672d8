// Secret. Upstream: pkg/registry/core/secret/strategy.go, ValidateSecret. Write-only stringData becomes data at once.
import type { Secret } from 'kubernetes-types/core/v1.js';
import { parseJson } from '../../codec/json.ts';
import { keyPairProblem } from '../../key-pair.ts';
import { defineKind } from '../../kind.ts';
import { configMapKeyErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable, push } from '../shared/field-rules.ts';
import { MAX_SECRET_BYTES, base64Length, frozenData } from '../shared/secret-data.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Keys that a type needs. Upstream requires one of basic-auth's two. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

function validateType(secret: Secret, errors: FieldErrors): void {
  const { type = '', data = {} } = secret;
  if (type === 'kubernetes.io/service-account-token') {
    const name = 'kubernetes.io/service-account.name';
    if (!secret.metadata?.annotations?.[name]) errors.required(`metadata.annotations[${name}]`);
  } else if (type === 'kubernetes.io/basic-auth') {
    if (data['username'] === undefined && data['password'] === undefined) {
      errors.required('data[username]');
      errors.required('data[password]');
    }
  }
  for (const key of REQUIRED[type] ?? []) {
    if (data[key] === undefined || (type === 'kubernetes.io/ssh-auth' && data[key] === '')) {
      errors.required(`data[${key}]`);
    } else if (key.startsWith('.docker')) dockerConfig(key, data[key], errors);
  }
}

/** It must be JSON, and an object or null. */
function dockerConfig(key: string, value: string, errors: FieldErrors): void {
  const field = `data[${key}]`;
  try {
    const parsed = parseJson(Buffer.from(value, 'base64'));
    if (parsed === null || (typeof parsed === 'object' && !Array.isArray(parsed))) return;
    const type = Array.isArray(parsed) ? 'array' : typeof parsed === 'boolean' ? 'bool' : typeof parsed;
    const why = `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
    errors.invalid(field, '<secret contents redacted>', why);
  } catch (error) {
    errors.invalid(field, '<secret contents redacted>', (error as Error).message);
  }
}

export default defineKind<Secret>({
  group: '',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  generation: false,
  defaults(draft) {
    if (!draft.type) draft.type = 'Opaque';
    if (!draft.stringData) return;
    const data = (draft.data ??= {});
    for (const key in draft.stringData) data[key] = Buffer.from(draft.stringData[key] ?? '').toString('base64');
    delete draft.stringData;
  },
  prepareUpdate(draft, old) {
    // An old client that leaves the type out means the type that is there.
    if (!draft.type && old.type) draft.type = old.type;
  },
  validate(secret, errors) {
    let bytes = 0;
    for (const key in secret.data) {
      const value = secret.data[key] ?? '';
      push(errors, `data[${key}]`, key, configMapKeyErrors(key));
      if (!BASE64.test(value)) errors.invalid(`data[${key}]`, '<secret contents redacted>', 'illegal base64 data');
      bytes += base64Length(value);
    }
    if (bytes > MAX_SECRET_BYTES) errors.tooLong('data', MAX_SECRET_BYTES);
    validateType(secret, errors);
  },
  updateErrorsFirst: true,
  validateUpdate(secret, old, errors) {
    immutable(errors, 'type', secret.type, old.type);
    if (old.immutable) frozenData(errors, secret, old, ['data']);
  },
  warnings({ type, data }) {
    if (type !== 'kubernetes.io/tls') return [];
    const bytes = (file: string): Buffer => Buffer.from(data?.[file] ?? '', 'base64');
    const problem = keyPairProblem(bytes('tls.crt'), bytes('tls.key'));
    return problem ? [problem] : [];
  },
  selectableFields: { type: (secret) => secret.type ?? '' },
  columns: [
    column('Type', 'string', texts['Secret.type']!, (s) => s.type ?? ''),
    column('Data', 'string', texts['Secret.data']!, (s) => Object.keys(s.data ?? {}).length),
    ageColumn,
  ],
});
