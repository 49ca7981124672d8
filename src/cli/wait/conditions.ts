// What `wait --for` and `delete --wait` wait for, each by get and watch until it holds or the time is up.
// Upstream: kubectl/pkg/cmd/wait/{wait,condition,delete,json}.go.
import { isNotFound, StatusError, type Status } from '../../api/status.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { CliError } from '../errors.ts';
import { watchEvents } from '../watch-events.ts';

/** What waits for something that will not come ends with this, not with 1 as when the time is up. */
export const FAILED_EXIT = 3;

/** True once the object is as wanted; `undefined` is an object that is not there. */
export type Test = (object: Unstructured | undefined) => boolean;

export interface WaitResult {
  done: boolean;
  object: Unstructured | undefined;
}

/**
 * Looks at the object and every change of it until `test` holds or `deadlineMs` (of Date.now) has passed. The first
 * look happens in any case. Watches that end are begun again from a fresh look. `stop` ends it as if the time were up;
 * what `test` throws ends it, too.
 */
export async function waitFor(
  cluster: Cluster,
  info: Info,
  test: Test,
  deadlineMs: number,
  stop?: AbortSignal,
): Promise<WaitResult> {
  let object: Unstructured | undefined;
  for (;;) {
    const page = await look(cluster, info);
    object = page.object;
    if (test(object)) return { done: true, object };
    const leftMs = deadlineMs - Date.now();
    if (leftMs <= 0) return { done: false, object };
    const timeUp = AbortSignal.timeout(Math.min(leftMs, 2 ** 31 - 1));
    const signal = stop ? AbortSignal.any([timeUp, stop]) : timeUp;
    try {
      for await (const event of watchOne(cluster, info, page.resourceVersion, signal)) {
        object = event.type === 'DELETED' ? undefined : event.object;
        if (test(object)) return { done: true, object: object ?? event.object };
      }
    } catch (error) {
      if (signal.aborted) return { done: false, object };
      if (!(error instanceof StatusError) || error.code !== 410) throw error;
    }
    if (signal.aborted) return { done: false, object };
  }
}

/** One object as a list, so that the watch can go on from the list's version. */
async function look(cluster: Cluster, info: Info): Promise<{ object?: Unstructured; resourceVersion: string }> {
  const { mapping, namespace, name } = info;
  try {
    const list = await cluster.json<{ items?: Unstructured[]; metadata: { resourceVersion?: string } }>(
      'GET',
      resourcePath(mapping, { namespace }),
      { query: { fieldSelector: `metadata.name=${name}` } },
    );
    const item = list.items?.[0];
    const object = item && { ...item, apiVersion: item.apiVersion ?? '', kind: item.kind ?? mapping.kind };
    if (object) object.apiVersion ||= mapping.group ? `${mapping.group}/${mapping.version}` : mapping.version;
    return { object, resourceVersion: list.metadata.resourceVersion ?? '0' };
  } catch (error) {
    if (isNotFound(error)) return { resourceVersion: '0' };
    throw error;
  }
}

async function* watchOne(
  cluster: Cluster,
  { mapping, namespace, name }: Info,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncGenerator<{ type: string; object: Unstructured }> {
  const response = await cluster.request('GET', resourcePath(mapping, { namespace }), {
    query: { fieldSelector: `metadata.name=${name}`, resourceVersion, watch: true },
    headers: { accept: 'application/json' },
    signal,
  });
  for await (const event of watchEvents(response)) {
    if (event.type === 'ERROR') throw StatusError.from(event.object as unknown as Status);
    if (event.type !== 'BOOKMARK') yield event;
  }
}

/** Gone, or replaced by another object of the same name. */
export const deleted =
  (uid: string | undefined): Test =>
  (object) =>
    object === undefined || (uid !== undefined && object.metadata.uid !== uid);

/** `condition=Ready`, `condition=Ready=false`; the status must not be of an older generation. */
export function conditionIs(text: string): Test {
  const [name = '', value = 'true'] = splitOnce(text, '=');
  return (object) => {
    const status = object?.['status'] as
      { conditions?: Record<string, unknown>[]; observedGeneration?: number } | undefined;
    const condition = status?.conditions?.find((c) => String(c['type']).toLowerCase() === name.toLowerCase());
    if (!object || !condition) return false;
    if (String(condition['status']).toLowerCase() !== value.toLowerCase()) return false;
    const observed = (condition['observedGeneration'] as number | undefined) ?? status?.observedGeneration;
    return observed === undefined || observed >= (object.metadata.generation ?? 0);
  };
}

const splitOnce = (text: string, by: string): [string, string?] => {
  const at = text.indexOf(by);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
};

/** `jsonpath={.status.phase}=Running`, or only that the path gives something. */
export async function jsonpathIs(text: string): Promise<Test> {
  const parts = text
    .replaceAll('==', '\u0000')
    .split('=')
    .map((p) => p.replaceAll('\u0000', '=='));
  if (parts.length > 2) {
    throw new CliError(
      "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
    );
  }
  const { relaxedJsonPath } = await import('../../api/jsonpath.ts');
  const { compilePath, formatValue } = await import('../print/jsonpath.ts');
  const path = relaxedJsonPath(parts[0]!);
  if (path === '') throw new CliError('jsonpath expression cannot be empty');
  const wanted = parts[1]?.replaceAll(/^['"]+|['"]+$/g, '');
  if (wanted === '') {
    throw new CliError(
      "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
    );
  }
  const find = compilePath(path, true);
  return (object) => {
    const results = object ? find(object) : [];
    const values = results[0] ?? [];
    if (values.length === 0) return false;
    if (wanted === undefined) return true;
    if (results.length > 1) {
      throw new CliError('given jsonpath expression matches more than one list');
    }
    if (values.length > 1) throw new CliError('given jsonpath expression matches more than one value');
    const value = values[0];
    if (typeof value === 'object' && value !== null) {
      throw new CliError('jsonpath leads to a nested object or list which is not supported');
    }
    return formatValue(value).trim() === wanted;
  };
}

/** What upstream says when the time is up. */
export const timedOut = (info: Info): CliError =>
  new CliError(`timed out waiting for the condition on ${namePlural(info)}`);

/** What it says when it was to look once. */
export const notMet = (info: Info): CliError => new CliError(`condition not met for ${namePlural(info)}`);

/** Without the group, as upstream has it. */
const namePlural = (info: Info): string => `${info.mapping.plural}/${info.name}`;
