// Jobs on real containers: so many completions, so many at once; each index knows itself; what fails is tried again.
import { afterAll, beforeAll, expect } from 'vitest';
import type { Doc } from './api.ts';
import { type Cluster, Space, type Spec, patient, sh, startCluster } from './cluster.ts';
import { scenarios } from './scenarios.ts';

const { scenario, start } = scenarios();
let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster('jobs');
  await Space.make(cluster.api, 'jobs');
  start();
});
afterAll(() => cluster?.close());

const jobs = (name = '') => `/apis/batch/v1/namespaces/jobs/jobs${name && `/${name}`}`;
const create = (name: string, container: Spec, spec: Spec): Promise<Doc> =>
  cluster.api.post(jobs(), {
    metadata: { name },
    spec: {
      ...spec,
      template: { spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [container] } },
    },
  });
const ended = (name: string, type = 'Complete') =>
  patient(
    () => cluster.api.get(jobs(name)),
    ({ status }) => status?.conditions?.some((c: Doc) => c['type'] === type && c['status'] === 'True'),
  );

scenario('five completions, two at a time', async () => {
  await create('five', sh('sleep 1'), { completions: 5, parallelism: 2 });
  const { status } = await ended('five');
  expect(status).toMatchObject({ succeeded: 5, ready: 0, terminating: 0 });
});

scenario('each index ends well only with its own number', async () => {
  const check = sh('test "$(hostname)" = "own-$JOB_COMPLETION_INDEX"');
  await create('own', check, { completions: 3, parallelism: 3, completionMode: 'Indexed', backoffLimit: 0 });
  const { status } = await ended('own');
  expect(status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
});

scenario('an exit code ends it', async () => {
  const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }];
  await create('ends', sh('exit 42'), { podFailurePolicy: { rules } });
  const { status } = await ended('ends', 'Failed');
  expect(status.failed).toBe(1);
});
