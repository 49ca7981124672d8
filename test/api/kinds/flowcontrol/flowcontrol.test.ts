// Which requests share a queue, and how long the queues are.
import { expect, it } from 'vitest';
import schema from '../../../../src/api/kinds/flowcontrol/flowschema.ts';
import level from '../../../../src/api/kinds/flowcontrol/prioritylevelconfiguration.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import { create } from '../lifecycle.ts';

const flow = (more: object, name = 'x') => ({
  metadata: { name },
  spec: { priorityLevelConfiguration: { name: 'a' }, matchingPrecedence: 5, ...more },
});
const limited = (more: object, limitResponse: object = { type: 'Reject' }) => ({
  metadata: { name: 'x' },
  spec: { type: 'Limited', limited: { limitResponse, ...more } },
});
const group = { kind: 'Group', group: { name: 'g' } };
const at = 'spec.rules[0]';

it.each<[AnyKind, object, string[]]>([
  [schema, flow({}), []],
  [
    schema,
    flow({
      matchingPrecedence: 1,
      distinguisherMethod: { type: 'ByName' },
      priorityLevelConfiguration: {},
      rules: [{}],
    }),
    [
      `spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1`,
      'spec.distinguisherMethod.type: Unsupported value: {"type":"ByName"}: supported values: "ByNamespace", "ByUser"',
      'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
      `${at}.subjects: Required value: subjects must contain at least one value`,
      `${at}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`,
    ],
  ],
  [
    schema,
    flow({
      rules: [
        {
          subjects: [
            { kind: 'Robot' },
            { kind: 'User', group: { name: 'g' } },
            { kind: 'ServiceAccount', serviceAccount: { name: '*' } },
            { ...group, user: { name: 'u' } },
          ],
          resourceRules: [
            { verbs: ['get', '*'], apiGroups: ['*', 'a'], resources: ['*', 'a'], namespaces: ['A'] },
            { verbs: ['look'], apiGroups: [''], resources: ['a'] },
          ],
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['', '/', 'a', '/a b', '/a//b', '/*/b', '/a/*'] }],
        },
      ],
    }),
    [
      `${at}.subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"`,
      `${at}.subjects[1].user: Required value: user is required when subject kind is 'User'`,
      `${at}.subjects[1].group: Forbidden: group is forbidden when subject kind is not 'Group'`,
      `${at}.subjects[2].serviceAccount.namespace: Required value: must specify namespace for service account`,
      `${at}.subjects[3].user: Forbidden: user is forbidden when subject kind is not 'User'`,
      `${at}.resourceRules[0].verbs: Invalid value: ["get","*"]: if '*' is present, must not specify other verbs`,
      `${at}.resourceRules[0].apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other api groups`,
      `${at}.resourceRules[0].resources: Invalid value: ["*","a"]: if '*' is present, must not specify other resources`,
      expect.stringMatching(
        /namespaces\[0\]: Invalid value: "A": each member of this list must be '\*' or a DNS-1123 label; a low/,
      ) as never,
      expect.stringMatching(
        /resourceRules\[1\].verbs: Unsupported value: \["look"\]: supported values: "create", "delete"/,
      ) as never,
      `${at}.resourceRules[1].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
      `${at}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "": must not be empty`,
      `${at}.nonResourceRules[0].nonResourceURLs[2]: Invalid value: "a": must start with slash`,
      `${at}.nonResourceRules[0].nonResourceURLs[3]: Invalid value: "/a b": must not contain white-space`,
      `${at}.nonResourceRules[0].nonResourceURLs[4]: Invalid value: "/a//b": must not contain double slash`,
      `${at}.nonResourceRules[0].nonResourceURLs[5]: Invalid value: "/*/b": wildcard can only do suffix matching`,
    ],
  ],
  [
    schema,
    flow({}, 'exempt'),
    [expect.stringMatching(/^spec: Invalid value: .*: spec of 'exempt' must equal the fixed value$/) as never],
  ],
  [level, limited({}), []],
  [level, { metadata: { name: 'exempt' }, spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 7 } } }, []],
  [
    level,
    { ...limited({}), metadata: { name: 'exempt' } },
    [
      `spec.type: Invalid value: "Limited": type must be 'Exempt' if and only if name is 'exempt'`,
      expect.stringMatching(
        /^spec: Invalid value: .*: spec of 'exempt' except the 'spec.exempt' field must equal the fixed value$/,
      ) as never,
    ],
  ],
  [
    level,
    {
      metadata: { name: 'x' },
      spec: { type: 'Exempt', limited: { limitResponse: { type: 'Reject' } }, exempt: { lendablePercent: 101 } },
    },
    [
      `spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'`,
      'spec.limited: Forbidden: must be nil if the type is not Limited',
      'spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
    ],
  ],
  [
    level,
    limited(
      { nominalConcurrencyShares: -1, lendablePercent: -1, borrowingLimitPercent: -1 },
      { type: 'Queue', queuing: { queues: 4, handSize: 5, queueLengthLimit: -1 } },
    ),
    [
      'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      'spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive',
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)',
      'spec.limited.lendablePercent: Invalid value: -1: must be between 0 and 100, inclusive',
      'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
    ],
  ],
  [
    level,
    limited({}, { type: 'Queue', queuing: { queues: 512, handSize: 7 } }),
    [
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 7: required entropy bits of deckSize 512 and handSize 7 should not be greater than 60',
    ],
  ],
])('$kind %#', (kind, document, expected) => {
  expect(create(kind, document).errors).toEqual(expected);
});
