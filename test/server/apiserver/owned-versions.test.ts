// managedFields of built-in kinds that are written through several versions: each entry names its own, and sees the
// object in it. Upstream: apimachinery util/managedfields/internal/versionconverter.go, structured-merge-diff update.go.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '../../../src/api/types.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const pathOf = (version: string, plural: string, name = '') =>
  `/apis/${version}/namespaces/default/${plural}${name && `/${name}`}`;
async function send(method: string, path: string, manager: string, body: object, type = 'application/json') {
  const response = await raw(server, method, `${path}?fieldManager=${manager}`, {
    body,
    headers: { 'content-type': type },
  });
  expect(response.status, response.text).toBeLessThan(300);
  return response.json as { metadata: { managedFields: ManagedFieldsEntry[] } };
}
const entries = ({ metadata }: { metadata: { managedFields?: ManagedFieldsEntry[] } }) =>
  Object.fromEntries((metadata.managedFields ?? []).map((e) => [`${e.manager} ${e.apiVersion}`, e.fieldsV1]));

describe('an autoscaler', () => {
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const cpu = (averageUtilization: number) => ({
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
  });
  const v2 = (name: string, spec: object) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: { scaleTargetRef: target, maxReplicas: 3, ...spec },
  });

  it('that was made through v2 and changed through v1 has an entry of each', async () => {
    await send('POST', pathOf('autoscaling/v2', 'horizontalpodautoscalers'), 'new', v2('a', { metrics: [cpu(50)] }));
    const path = pathOf('autoscaling/v1', 'horizontalpodautoscalers', 'a');
    const patch = { spec: { targetCPUUtilizationPercentage: 80, maxReplicas: 5 } };
    const owned = entries(await send('PATCH', path, 'old', patch, 'application/merge-patch+json'));
    expect(owned['old autoscaling/v1']).toEqual({
      'f:spec': { 'f:maxReplicas': {}, 'f:targetCPUUtilizationPercentage': {} },
    });
    // In v2 the whole list of metrics changed.
    expect(owned['new autoscaling/v2']).toEqual({
      'f:spec': { 'f:minReplicas': {}, 'f:scaleTargetRef': { 'f:apiVersion': {}, 'f:kind': {}, 'f:name': {} } },
    });
  });

  it('that is applied through v1 and then through v2 has one entry, and loses what was only applied through v1', async () => {
    const apply = (version: string, spec: object) =>
      send(
        'PATCH',
        pathOf(version, 'horizontalpodautoscalers', 'b'),
        'me',
        { ...v2('b', spec), apiVersion: version },
        'application/apply-patch+yaml',
      );
    const first = entries(await apply('autoscaling/v1', { targetCPUUtilizationPercentage: 80, minReplicas: 2 }));
    expect(Object.keys(first)).toEqual(['me autoscaling/v1']);
    const second = await apply('autoscaling/v2', { metrics: [cpu(80)] });
    expect(second).toMatchObject({ spec: { metrics: [cpu(80)], maxReplicas: 3 } });
    expect(entries(second)).toEqual({
      'me autoscaling/v2': {
        'f:spec': {
          'f:maxReplicas': {},
          'f:metrics': {},
          'f:scaleTargetRef': { 'f:apiVersion': {}, 'f:kind': {}, 'f:name': {} },
        },
      },
    });
  });
});

describe('a cron job', () => {
  const job = (apiVersion: string, schedule: string) => ({
    apiVersion,
    kind: 'CronJob',
    metadata: { name: 'c' },
    spec: {
      schedule,
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } },
      },
    },
  });
  const old = pathOf('batch/v1beta1', 'cronjobs', 'c');
  const today = pathOf('batch/v1', 'cronjobs', 'c');

  it('written through batch/v1beta1 says so, and defends what it owns in batch/v1', async () => {
    const made = await send('POST', pathOf('batch/v1beta1', 'cronjobs'), 'one', job('batch/v1beta1', '* * * * *'));
    expect(Object.keys(entries(made))).toEqual(['one batch/v1beta1']);
    const changed = { spec: { schedule: '0 * * * *' } };
    const owned = entries(await send('PATCH', today, 'two', changed, 'application/merge-patch+json'));
    expect(owned['two batch/v1']).toEqual({ 'f:spec': { 'f:schedule': {} } });
    expect(owned['one batch/v1beta1']).not.toHaveProperty(['f:spec', 'f:schedule']);
    const refused = await raw(server, 'PATCH', `${today}?fieldManager=three`, {
      body: job('batch/v1', '1 * * * *'),
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    expect(refused.json).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "two" using batch/v1: .spec.schedule',
    });
  });

  it('loses the entries of versions that there are not, with its next change', async () => {
    const { json } = await raw(server, 'GET', today);
    const object = json as { metadata: { managedFields: ManagedFieldsEntry[] }; spec: object };
    const stranger: ManagedFieldsEntry = {
      manager: 'relic',
      operation: 'Update',
      apiVersion: 'batch/v0',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:suspend': {} } },
    };
    object.metadata.managedFields.push(stranger);
    const kept = await send('PUT', today, 'two', object);
    expect(Object.keys(entries(kept))).toContain('relic batch/v0');
    const next = await send('PATCH', old, 'two', { spec: { suspend: true } }, 'application/merge-patch+json');
    expect(Object.keys(entries(next)).sort()).toEqual(['one batch/v1beta1', 'two batch/v1', 'two batch/v1beta1']);
  });
});

describe('who applies to the status', () => {
  const type = 'application/apply-patch+yaml';
  it('owns nothing of what the endpoint puts back', async () => {
    const path = pathOf('apps/v1', 'deployments', 'd');
    const deployment = (spec: object, more: object = {}) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', labels: { a: 'b' } },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
        ...spec,
      },
      ...more,
    });
    await send('PATCH', path, 'owner', deployment({ replicas: 2 }), type);
    const status = { status: { observedGeneration: 1, replicas: 7 } };
    const answer = await send('PATCH', `${path}/status`, 'reporter', deployment({ replicas: 9 }, status), type);
    expect(answer).toMatchObject({ spec: { replicas: 2 }, ...status });
    expect(answer.metadata.managedFields).toMatchObject([
      { manager: 'owner' },
      { manager: 'reporter', subresource: 'status', fieldsV1: { 'f:status': { 'f:observedGeneration': {} } } },
    ]);
    expect(Object.keys(answer.metadata.managedFields[1]!.fieldsV1!)).not.toContain('f:spec');
    // Nor does the status belong to who applies the object.
    const whole = await send('PATCH', path, 'owner', deployment({ replicas: 3 }, { status: { replicas: 1 } }), type);
    expect(whole).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 7 } });
    expect(entries(whole)['owner apps/v1']).not.toHaveProperty('f:status');
  });
});
