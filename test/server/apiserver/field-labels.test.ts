// Which fields of each kind can be selected, and what is said of all others. The table is what upstream registers:
// pkg/apis/*/v*/conversion.go (AddFieldLabelConversionFunc); what is not there has DefaultMetaV1FieldSelectorConversion.
import { afterAll, beforeAll, expect, it } from 'vitest';
import kinds from '../../../src/api/kinds/index.gen.ts';
import { apiVersionOf } from '../../../src/api/types.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const INVOLVED = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
/** The kinds that have a conversion of their own, without the two fields of metadata. */
const OWN: Record<string, string[]> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'spec.host',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  Node: ['spec.unschedulable'],
  ReplicationController: ['status.replicas'],
  Event: [...INVOLVED.map((field) => `involvedObject.${field}`), 'reason', 'reportingComponent', 'source', 'type'],
  Namespace: ['status.phase'],
  Secret: ['type'],
  Service: ['spec.clusterIP', 'spec.type'],
  Job: ['status.successful'],
  CertificateSigningRequest: ['spec.signerName'],
  ResourceSlice: ['spec.nodeName', 'spec.driver'],
};
const WORDS: Record<string, string> = {
  Job: 'field label "foo" not supported for batchv1.Job',
  ResourceSlice: 'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: foo',
};

const stored = kinds.filter(({ virtual, verbs }) => !virtual && (!verbs || verbs.includes('list')));

async function select(kind: (typeof kinds)[number], field: string): Promise<string> {
  const { storage, plural } = kind;
  const root = storage.group === '' ? '/api' : '/apis';
  const path = `${root}/${apiVersionOf(storage)}/${plural}?fieldSelector=${encodeURIComponent(`${field}=x`)}`;
  const { status, json } = await raw(server, 'GET', path);
  return status === 200 ? '' : (json as { message: string }).message;
}

it.each(stored.map((kind) => [kind.kind, kind] as const))('%s', async (name, kind) => {
  const own = OWN[name];
  for (const field of ['metadata.name', ...(own ?? [])])
    expect([field, await select(kind, field)]).toEqual([field, '']);
  const known = kind.scope === 'Namespaced' || !own;
  if (known) expect(await select(kind, 'metadata.namespace')).toBe('');
  else expect(await select(kind, 'metadata.namespace')).toContain('not supported');
  const unknown = own
    ? (WORDS[name] ?? 'field label not supported: foo')
    : '"foo" is not a known field selector: only "metadata.name", "metadata.namespace"';
  expect(await select(kind, 'foo')).toContain(unknown);
});
