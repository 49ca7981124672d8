// What messages show of Go's types.
import { expect, it } from 'vitest';
import type { AnyKind } from '../../../../src/api/kind.ts';
import { goPointer, goStruct, listOf, pointerTo, structOf } from '../../../../src/api/kinds/shared/go-structs.ts';
import event from '../../../../src/api/kinds/core/event.ts';
import node from '../../../../src/api/kinds/core/node.ts';
import volume from '../../../../src/api/kinds/core/persistentvolume.ts';
import flowschema from '../../../../src/api/kinds/flowcontrol/flowschema.ts';
import level from '../../../../src/api/kinds/flowcontrol/prioritylevelconfiguration.ts';
import address from '../../../../src/api/kinds/networking/ipaddress.ts';
import binding from '../../../../src/api/kinds/rbac/rolebinding.ts';
import storageclass from '../../../../src/api/kinds/storage/storageclass.ts';
import attachment from '../../../../src/api/kinds/storage/volumeattachment.ts';
import statefulset from '../../../../src/api/kinds/apps/statefulset.ts';
import deployment from '../../../../src/api/kinds/apps/deployment.ts';
import controller from '../../../../src/api/kinds/core/replicationcontroller.ts';
import job from '../../../../src/api/kinds/batch/job.ts';
import { FieldErrors } from '../../../../src/api/validation.ts';
import { create, refusalsOfAll, status, update } from '../lifecycle.ts';

function printed(value: unknown): string {
  const errors = new FieldErrors();
  errors.invalid('f', value, 'why');
  return errors.list[0]!.body.slice('Invalid value: '.length, -': why'.length);
}

it('fields have Go names, its order, and its zeros', () => {
  const fields = {
    APIGroup: '',
    NonResourceURLs: null,
    UID: '',
    Count: 0,
    Source: structOf({ Host: '' }),
    Related: pointerTo({ Name: '' }),
    Rules: listOf({ Verbs: null }),
  } as const;
  expect(printed(goStruct({ rules: [{ verbs: ['get'] }], uid: 'u', related: {} }, fields))).toBe(
    '{"APIGroup":"","NonResourceURLs":null,"UID":"u","Count":0,"Source":{"Host":""},"Related":{"Name":""},"Rules":[{"Verbs":["get"]}]}',
  );
  expect(printed(goStruct(undefined, fields))).toContain('"Related":null,"Rules":null}');
  expect(goPointer(undefined, fields)).toBeNull();
});

const metadata = { name: 'x', namespace: 'ns' };
const changes = (kind: AnyKind, before: object, after: object): string[] =>
  update(kind, create(kind, { metadata, ...before }).object, { metadata, ...after }).errors;

it.each<[AnyKind, object, object, string]>([
  [
    binding,
    { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' } },
    { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'b' } },
    'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef',
  ],
  [
    attachment,
    { spec: { attacher: 'a.b', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
    { spec: { attacher: 'a.b', nodeName: 'm', source: { persistentVolumeName: 'p' } } },
    'spec: Invalid value: {"Attacher":"a.b","Source":{"PersistentVolumeName":"p","InlineVolumeSpec":null},"NodeName":"m"}: field is immutable',
  ],
  [
    address,
    { spec: { parentRef: { resource: 'services', name: 'a', namespace: 'n' } } },
    { spec: { parentRef: { resource: 'services', name: 'b', namespace: 'n' } } },
    'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"n","Name":"b"}: field is immutable',
  ],
  [
    volume,
    {
      spec: {
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } },
      },
    },
    { spec: { nodeAffinity: { required: { nodeSelectorTerms: [{}] } } } },
    'nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":null,"MatchFields":null}]}}: field is immutable, except for updating from beta label to GA',
  ],
])('what may not change is shown as upstream has it: %#', (kind, before, after, expected) => {
  expect(changes(kind, before, after)).toContain(expected);
});

it('an event of events.k8s.io shows whom it is about', () => {
  const strict = event.served.find((served) => served.group === 'events.k8s.io' && served.version === 'v1')!;
  const errors = new FieldErrors();
  strict.validate!(
    { metadata, involvedObject: { kind: 'Pod' } } as never,
    { metadata, involvedObject: { kind: 'Node' }, count: 2 } as never,
    errors,
  );
  expect(errors.list.map((e) => `${e.field}: ${e.body}`)).toEqual([
    'involvedObject: Invalid value: {"Kind":"Pod","Namespace":"","Name":"","UID":"","APIVersion":"","ResourceVersion":"","FieldPath":""}: field is immutable',
    'count: Invalid value: 0: field is immutable',
  ]);
});

it('specs that are fixed are shown whole', () => {
  const of = (kind: AnyKind, name: string, spec: object) => refusalsOfAll(kind, { metadata: { name }, spec }).at(-1);
  expect(
    of(flowschema, 'exempt', { priorityLevelConfiguration: { name: 'exempt' }, matchingPrecedence: 1, rules: [] }),
  ).toBe(
    `spec: Invalid value: {"PriorityLevelConfiguration":{"Name":"exempt"},"MatchingPrecedence":1,"DistinguisherMethod":null,"Rules":[]}: spec of 'exempt' must equal the fixed value`,
  );
  expect(of(level, 'catch-all', { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } })).toBe(
    `spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":30,"LimitResponse":{"Type":"Reject","Queuing":null},"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of 'catch-all' must equal the fixed value`,
  );
  const strategy = { type: 'Often' };
  expect(refusalsOfAll(statefulset, { metadata, spec: { updateStrategy: strategy } })).toContain(
    `spec.updateStrategy: Invalid value: {"Type":"Often","RollingUpdate":null}: must be 'RollingUpdate' or 'OnDelete'`,
  );
  expect(refusalsOfAll(deployment, { metadata, spec: { strategy } })).toContain(
    'spec.strategy: Unsupported value: {"Type":"Often","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
  );
});

it('counts that are not there are zeros', () => {
  expect(status(controller, { metadata, spec: {} }, { replicas: -1 })).toContain(
    'status.readyReplicas: Invalid value: 0: cannot be greater than status.replicas',
  );
  expect(status(job, { metadata, spec: {} }, { active: -1 })).toEqual([
    'status.active: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

it('a topology without expressions is that of upstream twice over', () => {
  const allowed = { metadata, provisioner: 'a/b', allowedTopologies: [{}] };
  expect(create(storageclass, allowed).errors).toEqual([
    'allowedTopologies[0].matchLabelExpressions: Duplicate value: ""',
  ]);
});

it('a host path that is the root in other words is not recycled', () => {
  const why = "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'";
  const recycled = (path: string) =>
    create(volume, {
      metadata,
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Recycle',
        hostPath: { path },
      },
    }).errors.includes(why);
  expect(['/', '/a/..', '/./', '/a/../..', '/a', '/a/../b'].map(recycled)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

it('annotations of the alpha are checked as the fields that came after', () => {
  const of = (annotations: object) => create(node, { metadata: { name: 'n', annotations } }).errors;
  const avoid = 'scheduler.alpha.kubernetes.io/preferAvoidPods';
  const taints = 'scheduler.alpha.kubernetes.io/taints';
  const entries = (...list: object[]) => ({ [avoid]: JSON.stringify({ preferAvoidPods: list }) });
  expect(of(entries({ podSignature: { podController: { controller: true } } }))).toEqual([]);
  expect(of(entries({}, { podSignature: { podController: {} } }))).toEqual([
    `metadata.annotations.${avoid}[0].PodSignature: Required value`,
    `metadata.annotations.${avoid}[1].PodSignature.PodController.Controller: Invalid value: false: must point to a controller`,
  ]);
  expect(of({ [taints]: '[{"key":"a"}]' })).toEqual([`metadata.annotations.${taints}[0].effect: Required value`]);
  expect(of({ [taints]: 'x' })[0]).toMatch(
    /^metadata.annotations: Invalid value: "scheduler.alpha.kubernetes.io\/taints": /,
  );
});
