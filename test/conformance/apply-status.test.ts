// Of every kind that has a status: who applies the object does not own the status, and who applies the status owns nothing
// else. Upstream: test/integration/apiserver/apply/reset_fields_test.go, status_test.go.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '../../src/api/types.ts';
import { raw } from '../support/raw.ts';
import { type TestServer, startTestServer } from '../support/server.ts';
import type { Doc } from './api.ts';
import { rows } from './api-operations.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const apply = async (path: string, manager: string, body: object) => {
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const answer = await raw(server, 'PATCH', `${path}?fieldManager=${manager}`, { headers, body });
  return { status: answer.status, doc: answer.json as Doc, text: answer.text };
};
const ownedBy = (doc: Doc, manager: string): string[] =>
  ((doc.metadata.managedFields ?? []) as ManagedFieldsEntry[])
    .filter((entry) => entry.manager === manager)
    .flatMap(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}));

const withStatus = rows.filter(({ status }) => status !== undefined);

it.each(withStatus.map((row) => [row.kind, row] as const))('%s', async (kind, row) => {
  const { api, plural, namespaced = true, body, status } = row;
  const name = (row.name ?? 'reset-$').replaceAll('$', 'fields').replace('reset-', `reset-${plural}-`);
  const root = api.includes('/') ? `/apis/${api}` : `/api/${api}`;
  const path = `${root}${namespaced ? '/namespaces/default' : ''}/${plural}/${name}`;
  const object = (more: object) => ({ apiVersion: api, kind, metadata: { name }, ...body, ...more });

  const made = await apply(path, 'spec', object({ status: status![0] }));
  expect(made.status, made.text).toBe(201);
  expect(ownedBy(made.doc, 'spec')).not.toContain('f:status');

  const reported = await apply(`${path}/status`, 'reporter', object({ status: status![1] }));
  expect(reported.status, reported.text).toBe(200);
  expect(ownedBy(reported.doc, 'reporter')).toEqual(['f:status']);

  const again = await apply(path, 'spec', object({ status: status![0] }));
  expect(again.status, again.text).toBe(200);
  expect(again.doc['status']).toEqual(reported.doc['status']);
  expect(ownedBy(again.doc, 'spec')).toEqual(ownedBy(made.doc, 'spec'));
});
