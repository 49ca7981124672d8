// How commands that change objects say so: `deployment.apps/x created`, or the object by -o. Also the writes that
// several commands make, with their field manager, dry run and validation.
// Upstream: printers.NamePrinter with an operation, resource.Helper.
import { stringifySorted } from '../api/codec/json.ts';
import type { StatusError } from '../api/status.ts';
import { StatusError as ApiStatusError } from '../api/status.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';
import { type PatchType, patchContentTypes } from '../client/rest.ts';
import type { Info } from './builder/builder.ts';
import type { Cluster } from './cluster.ts';
import { CliError } from './errors.ts';
import { type DryRun, dryRunSuffix, type FieldValidation } from './flags.ts';
import { objectName, objectPrinter, type PrintOptions } from './print/object.ts';

/** Prints one object after an operation. */
export type OperationPrinter = (object: Unstructured, operation: string) => string;

/** With -o the object, else `kind/name operation`; several YAML documents are separated. */
export async function operationPrinter(options: PrintOptions, dryRun: DryRun): Promise<OperationPrinter> {
  if (options.output === '' && !options.template) {
    const suffix = dryRunSuffix(dryRun);
    return (object, operation) => `${objectName(object)} ${operation}${suffix}\n`;
  }
  const print = await objectPrinter(options);
  return (object) => print(object);
}

export interface WriteOptions {
  dryRun?: DryRun;
  fieldManager?: string;
  fieldValidation?: FieldValidation;
  subresource?: string;
  force?: boolean;
}

const queryOf = (options: WriteOptions): Record<string, string | boolean | undefined> => ({
  ...(options.dryRun === 'server' ? { dryRun: 'All' } : {}),
  ...(options.fieldManager ? { fieldManager: options.fieldManager } : {}),
  ...(options.fieldValidation ? { fieldValidation: options.fieldValidation } : {}),
  ...(options.force !== undefined ? { force: options.force } : {}),
});

/** As Go writes what it holds as maps. The server tells of problems in the order in which they stand. */
const sortedBody = (object: unknown): Uint8Array => Buffer.from(`${stringifySorted(object)}\n`);

/** A resourceVersion, as files that were read from a server have it, is left out. Upstream: Helper.CreateWithOptions. */
export async function createObject(cluster: Cluster, info: Info, options: WriteOptions = {}): Promise<Unstructured> {
  const path = resourcePath(info.mapping, { namespace: info.namespace });
  const object = info.object!;
  const body = object.metadata?.resourceVersion
    ? { ...object, metadata: { ...object.metadata, resourceVersion: undefined } }
    : object;
  return cluster.json('POST', path, { body: sortedBody(body), query: queryOf(options) });
}

export async function readObject(cluster: Cluster, info: Info): Promise<Unstructured> {
  return cluster.json('GET', resourcePath(info.mapping, info));
}

/** An object without a resourceVersion takes the place of whatever is there. Upstream: Helper.Replace. */
export async function replaceObject(cluster: Cluster, info: Info, options: WriteOptions = {}): Promise<Unstructured> {
  const path = resourcePath(info.mapping, { ...info, subresource: options.subresource });
  let object = info.object!;
  if (!object.metadata.resourceVersion) {
    // Custom kinds cannot be replaced without one. What is not there is the server's to refuse.
    const live = await readObject(cluster, info).catch(() => undefined);
    if (live) object = { ...object, metadata: { ...object.metadata, resourceVersion: live.metadata.resourceVersion } };
  }
  return cluster.json('PUT', path, { body: sortedBody(object), query: queryOf(options) });
}

export async function patchObject(
  cluster: Cluster,
  info: Info,
  type: PatchType,
  patch: unknown,
  options: WriteOptions = {},
): Promise<Unstructured> {
  const path = resourcePath(info.mapping, { ...info, subresource: options.subresource });
  const body = type === 'apply' ? sortedBody(patch) : patch;
  return cluster.json('PATCH', path, { body, contentType: patchContentTypes[type], query: queryOf(options) });
}

export function warnIfDeleting(object: Unstructured, warn: (text: string) => void): void {
  if (!object.metadata.deletionTimestamp) return;
  warn(`Warning: Detected changes to resource ${object.metadata.name} which is currently being deleted.\n`);
}

/** Adds what was done and the file to an error. Upstream: cmdutil.AddSourceToErr. */
export function withSource(verb: string, source: string | undefined, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const text = source ? `error when ${verb} ${JSON.stringify(source)}: ${message}` : message;
  if (isStatus(error)) return ApiStatusError.from({ ...error.status, message: text });
  return source ? new CliError(text) : error instanceof Error ? error : new Error(text);
}

const isStatus = (error: unknown): error is StatusError => error instanceof ApiStatusError;

/** `pod` or `deployment.apps`: how messages without an object name a kind. */
export const kindOf = (info: Info): string => {
  const kind = info.mapping.kind.toLowerCase();
  return info.mapping.group ? `${kind}.${info.mapping.group}` : kind;
};

/** `kind "name"` as a deletion prints it, or `kind/name` with -o name. */
export const infoName = (info: Info): string => `${kindOf(info)}/${info.name}`;
