// Groups that other servers answer.
import { expect, it } from 'vitest';
import apiservice from '../../../../src/api/kinds/apiregistration/apiservice.ts';
import { create, status } from '../lifecycle.ts';

const spec = { group: 'a.b', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 };
const make = (more: object, name = 'v1.a.b') => ({ metadata: { name }, spec: { ...spec, ...more } });
const service = { name: 'x', namespace: 'y' };

it.each<[object, string[]]>([
  [make({ service, caBundle: 'AAAA' }), []],
  [make({}, 'other'), ['metadata.name: Invalid value: "other": must be `spec.version+"."+spec.group`: "v1.a.b"']],
  [
    make({ caBundle: 'AAAA', insecureSkipTLSVerify: true, groupPriorityMinimum: 20001, versionPriority: 0 }),
    [
      'spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000',
      'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
      'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
      'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
    ],
  ],
  [
    make({ service: { port: 0 }, caBundle: 'AAAA', insecureSkipTLSVerify: true }),
    [
      'spec.service.namespace: Required value',
      'spec.service.name: Required value',
      'spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
  ],
  [
    make({ group: '', version: 'v2' }, 'v2.'),
    ['spec.group: Required value: only v1 may have an empty group and it better be legacy kube'],
  ],
])('%#', (document, expected) => {
  expect(create(apiservice, document).errors).toEqual(expected);
});

it('is available, is not, or nobody knows', () => {
  expect(status(apiservice, {}, { conditions: [{ type: 'Available', status: 'Maybe' }] })).toEqual([
    'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"',
  ]);
});
