// Classes of storage, drivers, what they say of nodes, and attachments.
import { describe, expect, it } from 'vitest';
import capacity from '../../../../src/api/kinds/storage/csistoragecapacity.ts';
import driver from '../../../../src/api/kinds/storage/csidriver.ts';
import node from '../../../../src/api/kinds/storage/csinode.ts';
import storageclass from '../../../../src/api/kinds/storage/storageclass.ts';
import attachment from '../../../../src/api/kinds/storage/volumeattachment.ts';
import attributes from '../../../../src/api/kinds/storage/volumeattributesclass.ts';
import { dns1123SubdomainErrors } from '../../../../src/api/names.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import { create, refusalsOfAll, status, update } from '../lifecycle.ts';

const metadata = { name: 'x' };
const drivers = (...list: object[]) => ({ spec: { drivers: list } });
const attach = (source: object, more: object = {}) => ({ spec: { attacher: 'a.b', nodeName: 'n', source, ...more } });
const inline = 'spec.source.inlineVolumeSpec';
const csi = { driver: 'a.b', volumeHandle: 'h' };
const term = (...list: object[]) => ({ matchLabelExpressions: list });

describe('a new object', () => {
  it.each<[AnyKind, object, string[]]>([
    [storageclass, { provisioner: 'Example.com/x', parameters: { a: 'b' } }, []],
    [
      storageclass,
      {
        provisioner: '',
        parameters: { '': 'x', big: 'x'.repeat(256 * 1024) },
        reclaimPolicy: 'Recycle',
        allowedTopologies: [
          term({ key: 'a', values: ['x', 'x'] }, { key: 'a' }),
          term({ key: 'b', values: ['1', '2'] }),
          term({ key: 'b', values: ['2', '1'] }),
        ],
      },
      [
        'provisioner: Required value',
        'parameters: Invalid value: "": field can not be empty.',
        'parameters: Too long: may not be more than 262144 bytes',
        'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
        'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "x"',
        'allowedTopologies[0].matchLabelExpressions[1].values: Required value',
        'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "a"',
        'allowedTopologies[2].matchLabelExpressions: Duplicate value: ""',
      ],
    ],
    [attributes, { driverName: 'a.b' }, ['parameters: Required value: must contain at least one key/value pair']],
    [driver, { spec: {} }, []],
    [
      driver,
      {
        spec: {
          fsGroupPolicy: 'All',
          volumeLifecycleModes: ['Short'],
          nodeAllocatableUpdatePeriodSeconds: 9,
          tokenRequests: [{ audience: 'a', expirationSeconds: 1 }, { audience: 'a' }, { expirationSeconds: 2 ** 33 }],
        },
      },
      [
        'spec.fsGroupPolicy: Unsupported value: "All": supported values: "File", "None", "ReadWriteOnceWithFSType"',
        'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
        'spec.tokenRequests[1].audience: Duplicate value: "a"',
        'spec.tokenRequests[2].expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds',
        'spec.volumeLifecycleModes: Unsupported value: "Short": supported values: "Persistent", "Ephemeral"',
        'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
      ],
    ],
    [
      node,
      drivers(
        { name: 'a.b', nodeID: 'x'.repeat(257), topologyKeys: ['k', 'k'] },
        { name: 'a.b', allocatable: { count: -1 } },
        {},
      ),
      [
        `spec.drivers[0].nodeID: Invalid value: "${'x'.repeat(257)}": must be 256 characters or less`,
        'spec.drivers[0]: Duplicate value: "k"',
        'spec.drivers[1].nodeID: Required value',
        'spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
        'spec.drivers[1].name: Duplicate value: "a.b"',
        'spec.drivers[2].name: Required value',
        `spec.drivers[2].name: Invalid value: "": ${dns1123SubdomainErrors('')[0]!}`,
        'spec.drivers[2].nodeID: Required value',
      ],
    ],
    [attachment, attach({ persistentVolumeName: 'pv' }), []],
    [
      attachment,
      attach({ persistentVolumeName: 'pv', inlineVolumeSpec: {} }),
      ['spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
    ],
    [attachment, attach({ inlineVolumeSpec: { accessModes: ['ReadWriteOnce'], csi } }), []],
    [
      attachment,
      attach({
        inlineVolumeSpec: {
          claimRef: { name: 'c' },
          capacity: { storage: '1Gi' },
          persistentVolumeReclaimPolicy: 'Delete',
          nodeAffinity: {},
          storageClassName: 's',
          volumeMode: 'Block',
        },
      }),
      [
        `${inline}.claimRef: Forbidden: may not be specified in the context of inline volumes`,
        `${inline}.capacity: Forbidden: may not be specified in the context of inline volumes`,
        `${inline}.csi: Required value: has to be specified in the context of inline volumes`,
        `${inline}.accessModes: Required value`,
        `${inline}.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes`,
        `${inline}.nodeAffinity: Forbidden: may not be specified in the context of inline volumes`,
        `${inline}: Required value: must specify a volume type`,
        `${inline}.storageClassName: Forbidden: may not be specified in the context of inline volumes`,
        `${inline}.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes`,
      ],
    ],
    [
      attachment,
      attach({ persistentVolumeName: 'P_V' }, { attacher: 'a'.repeat(64), nodeName: 'n' }),
      [
        'spec.attacher: Too long: may not be more than 63 bytes',
        expect.stringMatching(/^spec.source.persistentVolumeName: Invalid value: "P_V": a lowercase RFC 1123/) as never,
      ],
    ],
    [
      capacity,
      { storageClassName: 'a', capacity: '-1' },
      ['capacity: Invalid value: "-1": must be greater than or equal to 0'],
    ],
  ])('$kind %#', (kind, document, expected) => {
    expect(refusalsOfAll(kind, { metadata, ...document })).toEqual(expected);
  });
});

it('little of it may change', () => {
  const old = create(attributes, { metadata, driverName: 'a.b', parameters: { a: '1' } }).object;
  expect(update(attributes, old, { metadata, driverName: 'b.c', parameters: { a: '2' } }).errors).toEqual([
    'driverName: Forbidden: updates to driverName are forbidden.',
    'parameters: Forbidden: updates to parameters are forbidden.',
  ]);
  const before = create(node, { metadata, ...drivers({ name: 'a.b', nodeID: 'n', allocatable: { count: 1 } }) }).object;
  const after = (more: object) =>
    update(node, before, { metadata, ...drivers({ name: 'a.b', nodeID: 'n', ...more }) }).errors;
  expect(after({ allocatable: { count: 2 } })).toEqual([]);
  expect(after({ nodeID: 'm' })).toEqual([
    expect.stringMatching(/^CSINodeDriver: Invalid value: {"Name":"a.b","NodeID".*: field is immutable$/),
  ]);
});

it('an attachment says what went wrong, within bounds', () => {
  const now = {
    attachError: { message: 'x'.repeat(1025), errorCode: -1 },
    attachmentMetadata: { a: 'x'.repeat(256 * 1024) },
  };
  expect(status(attachment, {}, now)).toEqual([
    'status.attachmentMetadata: Too long: may not be more than 262144 bytes',
    'status.attachError.message: Too long: may not be more than 262144 bytes',
    'status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ]);
});

it('warns of topologies by old labels', () => {
  const allowedTopologies = [term({ key: 'failure-domain.beta.kubernetes.io/zone', values: ['a'] })];
  expect(storageclass.warnings?.({ metadata, provisioner: 'a', allowedTopologies } as never, undefined)).toEqual([
    expect.stringMatching(/^allowedTopologies\[0\].matchLabelExpressions\[0\].key: deprecated since v1.17/),
  ]);
});

it('must be read before it is written', () => {
  expect([driver, node, attachment, capacity].map((kind) => kind.unconditionalUpdate)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
