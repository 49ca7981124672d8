// FlowSchema: which requests share a queue. Upstream: pkg/registry/flowcontrol/flowschema/strategy.go.
import type { FlowSchema } from 'kubernetes-types/flowcontrol/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldFlowVersions } from '../shared/flow-versions.ts';
import { dnsSubdomain } from '../shared/field-rules.ts';
import { status } from '../shared/workloads.ts';

const group = 'flowcontrol.apiserver.k8s.io';

export default defineKind<FlowSchema>({
  group,
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }, ...oldFlowVersions('FlowSchema')],
  subresources: { status },
  generation: true,
  defaults({ spec }) {
    if (spec && !spec.matchingPrecedence) spec.matchingPrecedence = 1000;
  },
  prepareCreate(draft) {
    (draft as { status?: object }).status = {};
  },
  validate({ spec }, errors) {
    const precedence = spec?.matchingPrecedence ?? 0;
    if (precedence <= 0) errors.invalid('spec.matchingPrecedence', precedence, 'must be a positive value');
    if (precedence > 10000) errors.invalid('spec.matchingPrecedence', precedence, 'must not be greater than 10000');
    const level = spec?.priorityLevelConfiguration?.name;
    if (!level) errors.required('spec.priorityLevelConfiguration.name', 'must reference a priority level');
    else dnsSubdomain(errors, 'spec.priorityLevelConfiguration.name', level);
    spec?.rules?.forEach((rule, i) => {
      if (!rule.subjects?.length)
        errors.required(`spec.rules[${i}].subjects`, 'subjects must contain at least one value');
      if (!rule.resourceRules?.length && !rule.nonResourceRules?.length) {
        errors.required(`spec.rules[${i}]`, 'at least one of resourceRules and nonResourceRules has to be non-empty');
      }
    });
  },
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
