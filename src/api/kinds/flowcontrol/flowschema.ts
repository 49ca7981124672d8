// FlowSchema: which requests share a queue. Upstream: pkg/registry/flowcontrol/flowschema/strategy.go.
import type { FlowSchema, FlowSchemaSpec } from 'kubernetes-types/flowcontrol/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldFlowVersions } from '../shared/flow-versions.ts';
import { validateFlowConditions, validateFlowRule } from '../shared/flow-rules.ts';
import { dnsSubdomain } from '../shared/field-rules.ts';
import { type GoFields, goStruct, listOf, pointerTo, structOf } from '../shared/go-structs.ts';
import { KEPT_BY_STATUS, status } from '../shared/workloads.ts';

const group = 'flowcontrol.apiserver.k8s.io';

const MAX_PRECEDENCE = 10_000;
const METHODS = ['ByNamespace', 'ByUser'];

const anything = (...groups: string[]): FlowSchemaSpec['rules'] => [
  {
    subjects: groups.map((name) => ({ kind: 'Group', group: { name } })),
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  },
];

/** Those that nobody may change. Upstream: apiserver/pkg/apis/flowcontrol/bootstrap (MandatoryFlowSchemas). */
const MANDATORY: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: anything('system:masters'),
  },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: 'ByUser' },
    rules: anything('system:unauthenticated', 'system:authenticated'),
  },
};

const NAMED: GoFields = { Name: '' };
const SPEC: GoFields = {
  PriorityLevelConfiguration: structOf(NAMED),
  MatchingPrecedence: 0,
  DistinguisherMethod: pointerTo({ Type: '' }),
  Rules: listOf({
    Subjects: listOf({
      Kind: '',
      User: pointerTo(NAMED),
      Group: pointerTo(NAMED),
      ServiceAccount: pointerTo({ Namespace: '', Name: '' }),
    }),
    ResourceRules: listOf({ Verbs: null, APIGroups: null, Resources: null, ClusterScope: false, Namespaces: null }),
    NonResourceRules: listOf({ Verbs: null, NonResourceURLs: null }),
  }),
};

function validate({ spec, metadata, status: s }: FlowSchema, errors: FieldErrors): void {
  const [name, precedence] = [metadata?.name ?? '', spec?.matchingPrecedence ?? 0];
  const field = 'spec.matchingPrecedence';
  if (precedence <= 0) errors.invalid(field, precedence, 'must be a positive value');
  if (precedence > MAX_PRECEDENCE) errors.invalid(field, precedence, `must not be greater than ${MAX_PRECEDENCE}`);
  if (precedence === 1 && name !== 'exempt') {
    errors.invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  }
  const method = spec?.distinguisherMethod;
  if (method && !METHODS.includes(method.type)) errors.notSupported('spec.distinguisherMethod.type', method, METHODS);
  const level = spec?.priorityLevelConfiguration?.name;
  if (!level) errors.required('spec.priorityLevelConfiguration.name', 'must reference a priority level');
  else dnsSubdomain(errors, 'spec.priorityLevelConfiguration.name', level);
  spec?.rules?.forEach((rule, i) => validateFlowRule(errors, `spec.rules[${i}]`, rule));
  if (Object.hasOwn(MANDATORY, name) && !semanticEqual(spec, MANDATORY[name])) {
    errors.invalid('spec', goStruct(spec, SPEC), `spec of '${name}' must equal the fixed value`);
  }
  validateFlowConditions(errors, s?.conditions);
}

export default defineKind<FlowSchema>({
  group,
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }, ...oldFlowVersions('FlowSchema')],
  subresources: { status },
  statusKeeps: KEPT_BY_STATUS,
  generation: true,
  defaults({ spec }) {
    if (spec && !spec.matchingPrecedence) spec.matchingPrecedence = 1000;
  },
  prepareCreate(draft) {
    (draft as { status?: object }).status = {};
  },
  validate,
  validateStatus: ({ status: s }, _old, errors) => validateFlowConditions(errors, s?.conditions),
  rowOrder: (a, b) => (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0),
  columns: [
    column(
      'PriorityLevel',
      'string',
      texts['PriorityLevelConfigurationReference.name']!,
      (f) => f.spec?.priorityLevelConfiguration?.name ?? '',
    ),
    column(
      'MatchingPrecedence',
      'string',
      texts['FlowSchemaSpec.matchingPrecedence']!,
      (f) => f.spec?.matchingPrecedence ?? 0,
    ),
    column(
      'DistinguisherMethod',
      'string',
      texts['FlowSchemaSpec.distinguisherMethod']!,
      (f) => f.spec?.distinguisherMethod?.type ?? '<none>',
    ),
    ageColumn,
    column(
      'MissingPL',
      'string',
      'references a broken or non-existent PriorityLevelConfiguration',
      (f) => f.status?.conditions?.find((c) => c.type === 'Dangling')?.status ?? '?',
    ),
  ],
});
