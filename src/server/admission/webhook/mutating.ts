// MutatingAdmissionWebhook: one webhook after the other, each sees what those before it made of the object. Those that
// asked for it are called once more when a later one changed it. Upstream: webhook/mutating/{dispatcher,reinvocationcontext}.go.
import { parseJson } from '../../../api/codec/json.ts';
import { deepEqual } from '../../../api/patch/equal.ts';
import { jsonPatch } from '../../../api/patch/json-patch.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../types.ts';
import { CallFailure, callHook, failureOf } from './call.ts';
import type { WebhookClient } from './client.ts';
import type { Hooks } from './hooks.ts';
import { type Invocation, invocationOf, isExempt, ruleFor } from './match.ts';
import type { ReviewAnswer } from './review.ts';
import { VersionedObjects, internalError } from './versioned.ts';

const NAME = 'MutatingAdmissionWebhook';

/** What is remembered between the rounds of one request. */
interface Memory {
  /** JSON of the object after the last webhook. */
  output: unknown;
  /** Webhooks that were called and want to be again, after a change. */
  called: Set<string>;
  /** Those of them after which there was a change. */
  again: Set<string>;
}

const newMemory = (): Memory => ({ output: undefined, called: new Set(), again: new Set() });

function callAgain(memory: Memory): void {
  for (const uid of memory.called) memory.again.add(uid);
  memory.called.clear();
}

export function mutatingWebhooks(hooks: Hooks, client: WebhookClient): AdmissionPlugin {
  return {
    name: NAME,
    phase: 'webhook',
    handles: (request) => handles(hooks, request),
    admit: (request, context) => dispatch(hooks, client, request, context),
  };
}

/** Nothing is done for a request that no rule is about. */
export function handles(hooks: Hooks, request: AdmissionRequest): boolean {
  if (hooks.all.length === 0 || isExempt(request)) return false;
  const versions = request.versions();
  return hooks.all.some((hook) => ruleFor(hook, request, versions) !== undefined);
}

async function dispatch(
  hooks: Hooks,
  client: WebhookClient,
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<void> {
  const { reinvocation } = request;
  const memory = (reinvocation.memory.get(NAME) as Memory | undefined) ?? newMemory();
  reinvocation.memory.set(NAME, memory);
  // Plug-ins of the server changed it since: all are asked again.
  if (reinvocation.again && !deepEqual(memory.output, request.object)) callAgain(memory);
  const versioned = new VersionedObjects(request);
  try {
    for (const hook of hooks.all) {
      const invocation = await invocationOf(hook, request, context, versioned);
      if (!invocation) continue;
      // A webhook that was not called in the first round is not called in the second.
      if (reinvocation.again && !memory.again.has(hook.uid)) continue;
      let failure: unknown;
      try {
        const answer = await callHook(client, invocation, request, versioned, context, true);
        if (await applyPatch(answer, invocation, request, versioned)) {
          callAgain(memory);
          reinvocation.wanted = true;
        }
      } catch (error) {
        failure = failureOf(error, invocation, request);
      }
      if (hook.spec.reinvocationPolicy === 'IfNeeded') memory.called.add(hook.uid);
      if (failure !== undefined) throw failure;
    }
  } finally {
    memory.output = request.object && structuredClone(request.object);
  }
}

/** True when the object is another than before. */
async function applyPatch(
  { patch, patchType }: ReviewAnswer,
  { hook: { spec }, kind }: Invocation,
  request: AdmissionRequest,
  versioned: VersionedObjects,
): Promise<boolean> {
  if (patch === undefined) return false;
  const operations = parsePatch(patch, spec.name);
  if (operations.length === 0) return false;
  const { object } = await versioned.as(kind);
  if (!object) {
    const what = 'attempted to modify the object, which is not supported for this operation';
    throw internalError(new Error(`admission webhook ${JSON.stringify(spec.name)} ${what}`));
  }
  if (patchType !== 'JSONPatch')
    throw new CallFailure(spec.name, `unsupported patch type ${JSON.stringify(patchType)}`);
  let patched: Unstructured;
  try {
    patched = structuredClone(jsonPatch(object, operations)) as Unstructured;
  } catch (error) {
    throw internalError(error);
  }
  const changed = !deepEqual(object, patched);
  const managed = request.object?.metadata?.managedFields;
  await versioned.replace(patched, kind);
  // The options of a connection have no metadata.
  if (request.object?.metadata) keepManagedFields(request, request.object.metadata, managed);
  return changed;
}

function parsePatch(patch: string, name: string): unknown[] {
  try {
    const operations = parseJson(patch);
    if (Array.isArray(operations)) return operations;
    if (operations === null) return [];
    throw new Error('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  } catch (error) {
    throw new CallFailure(name, `received undecodable patch in webhook response: ${(error as Error).message}`);
  }
}

/** Upstream: endpoints/handlers/fieldmanager/admission.go: what a webhook breaks in managedFields is put back. */
function keepManagedFields(
  request: AdmissionRequest,
  metadata: Unstructured['metadata'],
  before: Unstructured['metadata']['managedFields'],
): void {
  const problem = (metadata.managedFields ?? []).map(problemOf).find((text) => text !== undefined);
  if (problem === undefined) return;
  if (before) metadata.managedFields = before;
  else delete metadata.managedFields;
  request.warn(
    '.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating ' +
      `admission controller; please fix your requests: ${problem}`,
  );
}

function problemOf(entry: NonNullable<Unstructured['metadata']['managedFields']>[number]): string | undefined {
  if (entry.operation !== 'Apply' && entry.operation !== 'Update') return `invalid operation: ${entry.operation ?? ''}`;
  if (entry.fieldsType !== 'FieldsV1') return `invalid fieldsType: ${entry.fieldsType ?? ''}`;
  return undefined;
}
