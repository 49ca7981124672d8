// A server with webhooks, and the answers that webhooks give.
import type { Client } from '../../../../src/client/rest.ts';
import { WebhookClient } from '../../../../src/server/admission/webhook/client.ts';
import type { WebhookSpec } from '../../../../src/server/admission/webhook/hooks.ts';
import { webhookAdmission } from '../../../../src/server/admission/webhook/webhooks.ts';
import type { ResourceType } from '../../../../src/api/types.ts';
import { createHttpsCaller } from '../../../../src/wire/https-caller.ts';
import type { Call } from '../../../support/https-server.ts';
import { type TestServer, type TestServerOptions, startTestServer } from '../../../support/server.ts';

export async function startWebhookServer(options: TestServerOptions = {}): Promise<TestServer> {
  const caller = createHttpsCaller();
  const client = new WebhookClient(caller);
  const webhooks = webhookAdmission(client);
  const server = await startTestServer({
    ...options,
    webhooks: client,
    admission: [...(options.admission ?? []), ...webhooks.plugins],
  });
  const detach = webhooks.attach(server.server.observe);
  return {
    ...server,
    async close() {
      detach();
      await server.close();
      caller.close();
    },
  };
}

const configurations = (kind: string): ResourceType => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: `${kind.toLowerCase()}s`,
  kind,
  namespaced: false,
});
export const Validating = configurations('ValidatingWebhookConfiguration');
export const Mutating = configurations('MutatingWebhookConfiguration');

export const CONFIGMAPS = [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];

/** Registers one webhook; the configuration has its name. */
export function register(
  client: Client,
  type: ResourceType,
  name: string,
  spec: Partial<WebhookSpec> & Pick<WebhookSpec, 'clientConfig'>,
) {
  return client.create(type, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: type.kind,
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        rules: CONFIGMAPS,
        sideEffects: 'None',
        admissionReviewVersions: ['v1', 'v1beta1'],
        ...spec,
      },
    ],
  } as never);
}

export const answer = (call: Call, response: object): object => ({
  kind: 'AdmissionReview',
  apiVersion: call.body.apiVersion as string,
  response: { uid: call.body.request.uid as string, ...response },
});
export const allow = (call: Call): object => answer(call, { allowed: true });
export const deny = (call: Call, message: string): object =>
  answer(call, { allowed: false, status: { message, reason: 'Forbidden', code: 403 } });
export const patch = (call: Call, operations: object[]): object =>
  answer(call, {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  });

export const configMap = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name, ...(labels ? { labels } : {}) },
  data,
});
