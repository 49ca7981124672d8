// Priorities and flow schemas: what every cluster has, what is repaired, and what is left to its user.
import type { FlowSchema } from 'kubernetes-types/flowcontrol/v1.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Ensurer } from '../../../src/server/bootstrap/ensure.ts';
import {
  FlowSchemas,
  PriorityLevelConfigurations,
  ensureFlowControl,
} from '../../../src/server/bootstrap/flow-control.ts';
import { keepFlowControl } from '../../../src/server/bootstrap/flow-status.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const ensure = () => ensureFlowControl(new Ensurer(server.client(), server.lister));
const revisions = () =>
  [...server.lister.list(FlowSchemas), ...server.lister.list(PriorityLevelConfigurations)].map((o) => [
    o.metadata?.name,
    o.metadata?.resourceVersion,
  ]);

it('makes upstream’s eight and eleven, and nothing the second time', async () => {
  await ensure();
  expect(server.lister.list(PriorityLevelConfigurations).map((o) => o.metadata?.name)).toEqual([
    'catch-all',
    'exempt',
    'global-default',
    'leader-election',
    'node-high',
    'system',
    'workload-high',
    'workload-low',
  ]);
  expect(server.lister.list(FlowSchemas).map((o) => [o.metadata?.name, o.spec?.matchingPrecedence])).toEqual([
    ['catch-all', 10_000],
    ['exempt', 1],
    ['global-default', 9900],
    ['kube-controller-manager', 800],
    ['kube-scheduler', 800],
    ['kube-system-service-accounts', 900],
    ['probes', 2],
    ['service-accounts', 9000],
    ['system-leader-election', 100],
    ['system-node-high', 400],
    ['system-nodes', 500],
  ]);
  const before = revisions();
  await ensure();
  expect(revisions()).toEqual(before);
});

it('repairs what is mandatory, and leaves what somebody took over', async () => {
  await ensure();
  const client = server.client();
  const change = async (name: string, annotation: string): Promise<void> => {
    const patch = {
      metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': annotation } },
      spec: { matchingPrecedence: 77 },
    };
    await client.patch(FlowSchemas, { name }, 'merge', patch);
  };
  await expect(change('catch-all', 'false')).rejects.toThrow("spec of 'catch-all' must equal the fixed value");
  await change('probes', 'false');
  await change('global-default', 'true');
  await client.delete(FlowSchemas, { name: 'exempt' });
  await ensure();
  const precedence = (name: string) => server.lister.get(FlowSchemas, undefined, name)?.spec?.matchingPrecedence;
  expect(['catch-all', 'probes', 'global-default', 'exempt'].map(precedence)).toEqual([10_000, 77, 9900, 1]);
});

it('says whether the priority level exists', async () => {
  const client = server.client();
  const end = keepFlowControl({
    client,
    cache: server.lister,
    observe: server.server.observe,
    now: () => 0,
    onError: (error) => {
      throw error;
    },
  });
  const wanted = (name: string): FlowSchema => ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: 'mine' },
    spec: { priorityLevelConfiguration: { name } },
  });
  const condition = async (status: string) => {
    await expect
      .poll(() => server.lister.get(FlowSchemas, undefined, 'mine')?.status?.conditions?.[0]?.status)
      .toBe(status);
    return server.lister.get(FlowSchemas, undefined, 'mine')?.status?.conditions?.[0];
  };
  await client.create(FlowSchemas, wanted('late'));
  expect(await condition('True')).toEqual({
    type: 'Dangling',
    status: 'True',
    reason: 'NotFound',
    message:
      'This FlowSchema references the PriorityLevelConfiguration object named "late" but there is no such object',
    lastTransitionTime: '1970-01-01T00:00:00Z',
  });
  await client.create(PriorityLevelConfigurations, {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'late' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  });
  expect(await condition('False')).toMatchObject({ reason: 'Found' });
  await end();
});
