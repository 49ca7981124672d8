// ValidatingAdmissionWebhook: all at once; the request waits for every answer, and fails with the first refusal that
// came. Upstream: admission/plugin/webhook/validating/dispatcher.go.
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../types.ts';
import { callHook, failureOf } from './call.ts';
import type { WebhookClient } from './client.ts';
import type { Hooks } from './hooks.ts';
import { type Invocation, invocationOf } from './match.ts';
import { handles } from './mutating.ts';
import { VersionedObjects } from './versioned.ts';

export function validatingWebhooks(hooks: Hooks, client: WebhookClient): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    phase: 'validating',
    handles: (request) => handles(hooks, request),
    validate: (request, context) => dispatch(hooks, client, request, context),
  };
}

async function dispatch(
  hooks: Hooks,
  client: WebhookClient,
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<void> {
  const versioned = new VersionedObjects(request);
  const relevant: Invocation[] = [];
  for (const hook of hooks.all) {
    const invocation = await invocationOf(hook, request, context, versioned);
    if (!invocation) continue;
    relevant.push(invocation);
    // Converted before the calls run side by side.
    await versioned.as(invocation.kind);
  }
  const failures: unknown[] = [];
  await Promise.all(
    relevant.map(async (invocation) => {
      try {
        await callHook(client, invocation, request, versioned, context, false);
      } catch (error) {
        const failure = failureOf(error, invocation, request);
        if (failure !== undefined) failures.push(failure);
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
}
