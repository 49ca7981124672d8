// Rules for the volumes that are files made of the API: config maps, secrets, the downward API, and several of them in
// one. Upstream: validateSecretVolumeSource, validateDownwardAPIVolumeFile, validateProjectionSources.
import type * as core from 'kubernetes-types/core/v1.js';
import { dns1123SubdomainErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { fileMode, labelSelector, localNonReservedPath } from './field-rules.ts';
import { VOLUME_FIELDS, objectFieldSelector, resourceFieldSelector } from './pod-env.ts';

const CONFLICT = 'conflicting duplicate paths';

export function keysToPaths(errors: FieldErrors, path: string, list: readonly core.KeyToPath[] | undefined): void {
  list?.forEach((item, i) => {
    const field = `${path}.items[${i}]`;
    if (!item.key) errors.required(`${field}.key`);
    if (!item.path) errors.required(`${field}.path`);
    localNonReservedPath(errors, `${field}.path`, item.path ?? '');
    fileMode(errors, `${field}.mode`, item.mode);
  });
}

/** Upstream gives all files of a volume the volume's own path. */
function downwardFile(errors: FieldErrors, path: string, file: core.DownwardAPIVolumeFile): void {
  if (!file.path) errors.required(`${path}.path`);
  localNonReservedPath(errors, `${path}.path`, file.path ?? '');
  if (file.fieldRef) {
    objectFieldSelector(errors, `${path}.fieldRef`, file.fieldRef, VOLUME_FIELDS);
    if (file.resourceFieldRef) {
      errors.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
    }
  } else if (file.resourceFieldRef) {
    resourceFieldSelector(errors, `${path}.resourceFieldRef`, file.resourceFieldRef, true);
  } else errors.required(path, 'one of fieldRef and resourceFieldRef is required');
  fileMode(errors, `${path}.mode`, file.mode);
}

export function downwardApi(errors: FieldErrors, path: string, source: core.DownwardAPIVolumeSource): void {
  fileMode(errors, `${path}.defaultMode`, source.defaultMode);
  for (const file of source.items ?? []) downwardFile(errors, path, file);
}

/** Collects the paths of one volume; `owner` is what upstream shows as the bad value. */
class Paths {
  readonly #seen = new Set<string>();
  readonly #errors: FieldErrors;
  readonly #field: string;
  constructor(errors: FieldErrors, field: string) {
    this.#errors = errors;
    this.#field = field;
  }
  add(path: string, owner: string): void {
    if (this.#seen.has(path)) this.#errors.invalid(this.#field, owner, CONFLICT);
    else this.#seen.add(path);
  }
}

function fromKeys(
  errors: FieldErrors,
  path: string,
  source: core.SecretProjection | core.ConfigMapProjection,
  paths: Paths,
): void {
  if (!source.name) errors.required(`${path}.name`);
  keysToPaths(errors, path, source.items);
  for (const item of source.items ?? []) if (item.path) paths.add(item.path, source.name ?? '');
}

function token(errors: FieldErrors, volume: string, path: string, source: core.ServiceAccountTokenProjection): void {
  const seconds = source.expirationSeconds ?? 0;
  const field = `${path}.expirationSeconds`;
  if (seconds < 600) errors.invalid(field, seconds, 'may not specify a duration less than 10 minutes');
  if (seconds > 2 ** 32) errors.invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds');
  if (!source.path) errors.required(`${volume}.path`);
  else localNonReservedPath(errors, `${volume}.path`, source.path);
}

/** A bundle of a signer is named after it: `example.com:signer:name`. Upstream: ValidateClusterTrustBundleName. */
function bundleName(errors: FieldErrors, field: string, name: string): void {
  if (name === '') errors.required(field, 'must be a valid object name');
  const colon = name.lastIndexOf(':');
  const rest = colon < 0 ? name : name.slice(colon + 1);
  for (const message of dns1123SubdomainErrors(rest)) {
    errors.invalid(field, name, `not a valid clustertrustbundlename: ${message}`);
  }
}

function trustBundle(errors: FieldErrors, path: string, source: core.ClusterTrustBundleProjection, paths: Paths): void {
  const selector = `${path}.labelSelector`;
  if (source.name != null && source.signerName != null) {
    errors.invalid(path, source, 'only one of name and signerName may be used');
  } else if (source.name != null) {
    bundleName(errors, `${path}.name`, source.name);
    if (source.labelSelector) {
      errors.invalid(selector, source.labelSelector, 'labelSelector must be unset if name is specified');
    }
  } else if (source.signerName != null) {
    if (source.signerName === '') errors.required(`${path}.signerName`, 'must be a valid signer name');
    labelSelector(errors, selector, source.labelSelector);
  } else errors.required(path, 'either name or signerName must be specified');
  if (!source.path) errors.required(`${path}.path`);
  localNonReservedPath(errors, `${path}.path`, source.path ?? '');
  paths.add(source.path ?? '', source.path ?? '');
}

function projection(errors: FieldErrors, volume: string, path: string, s: core.VolumeProjection, paths: Paths): void {
  let count = 0;
  for (const kind of ['secret', 'configMap'] as const) {
    const source = s[kind];
    if (!source) continue;
    count++;
    fromKeys(errors, `${path}.${kind}`, source, paths);
  }
  if (s.downwardAPI) {
    count++;
    for (const file of s.downwardAPI.items ?? []) {
      downwardFile(errors, `${path}.downwardAPI`, file);
      if (file.path) paths.add(file.path, file.path);
    }
  }
  if (s.serviceAccountToken) {
    count++;
    token(errors, volume, `${path}.serviceAccountToken`, s.serviceAccountToken);
  }
  if (s.clusterTrustBundle) {
    count++;
    trustBundle(errors, `${path}.clusterTrustBundle`, s.clusterTrustBundle, paths);
  }
  if (count > 1) errors.forbidden(path, 'may not specify more than 1 volume type per source');
}

export function projected(errors: FieldErrors, path: string, source: core.ProjectedVolumeSource): void {
  fileMode(errors, `${path}.defaultMode`, source.defaultMode);
  const paths = new Paths(errors, path);
  source.sources?.forEach((s, i) => projection(errors, path, `${path}.sources[${i}]`, s, paths));
}

/** Secrets and config maps name what they are of differently. */
export function keyedVolume(
  errors: FieldErrors,
  path: string,
  source: { defaultMode?: number; items?: readonly core.KeyToPath[] },
  nameField: string,
  name: string | undefined,
): void {
  if (!name) errors.required(`${path}.${nameField}`);
  fileMode(errors, `${path}.defaultMode`, source.defaultMode);
  keysToPaths(errors, path, source.items);
}
