// RuntimeClass. Upstream: pkg/registry/node/runtimeclass/strategy.go.
import type { RuntimeClass } from 'kubernetes-types/node/v1.js';
import { defineKind } from '../../kind.ts';
import { validateLabels } from '../../names.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { deprecated } from '../shared/deprecations.ts';
import { dnsLabel, immutable } from '../shared/field-rules.ts';
import { type GoFields, goStruct } from '../shared/go-structs.ts';
import { validateTolerations } from '../shared/pod-scheduling.ts';
import { labelKeyWarning } from '../shared/node-label-warnings.ts';
import { type ResourceList, defaultResourceList, resourceRequirements } from '../shared/resource-list.ts';

const group = 'node.k8s.io';
const TOLERATION: GoFields = { Key: '', Operator: '', Value: '', Effect: '', TolerationSeconds: null };

export default defineKind<RuntimeClass>({
  group,
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      deprecated: deprecated(
        { group, version: 'v1beta1' },
        'RuntimeClass',
        '1.22',
        '1.25',
        'node.k8s.io/v1 RuntimeClass',
      ),
    },
  ],
  generation: false,
  defaults: (draft) => defaultResourceList(draft.overhead?.podFixed as ResourceList | undefined),
  validate(object, errors) {
    dnsLabel(errors, 'handler', object.handler ?? '');
    const { podFixed } = object.overhead ?? {};
    if (podFixed) resourceRequirements(errors, 'overhead', { limits: podFixed as ResourceList }, []);
    const { nodeSelector, tolerations } = object.scheduling ?? {};
    validateLabels(errors, 'scheduling.nodeSelector', nodeSelector);
    // Upstream says the field's name twice.
    validateTolerations(errors, 'scheduling.tolerations.tolerations', tolerations);
    const seen = new Set<string>();
    tolerations?.forEach((toleration, i) => {
      const { key = '', operator = '', value = '', effect = '' } = toleration;
      const listKey = JSON.stringify([key, operator, value, effect]);
      if (seen.has(listKey)) errors.duplicate(`scheduling.tolerations[${i}]`, goStruct(toleration, TOLERATION));
      seen.add(listKey);
    });
  },
  unconditionalUpdate: false,
  warnings: ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => labelKeyWarning('scheduling.nodeSelector', key)),
  validateUpdate: (object, old, errors) => immutable(errors, 'handler', object.handler, old.handler),
  // Upstream looks the text up in the wrong type and shows none.
  columns: [column('Handler', 'string', '', (c) => c.handler ?? ''), ageColumn],
});
