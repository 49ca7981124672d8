// PriorityLevelConfiguration. Upstream: pkg/registry/flowcontrol/prioritylevelconfiguration/strategy.go.
import type { PriorityLevelConfiguration } from 'kubernetes-types/flowcontrol/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldFlowVersions } from '../shared/flow-versions.ts';
import { oneOf } from '../shared/field-rules.ts';
import { status } from '../shared/workloads.ts';

const group = 'flowcontrol.apiserver.k8s.io';
const queuing = (p: PriorityLevelConfiguration) => p.spec?.limited?.limitResponse?.queuing;

export default defineKind<PriorityLevelConfiguration>({
  group,
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }, ...oldFlowVersions('PriorityLevelConfiguration')],
  subresources: { status },
  generation: true,
  defaults({ spec }) {
    if (spec?.exempt) {
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    const limited = spec?.limited;
    if (!limited) return;
    limited.nominalConcurrencyShares ??= 30;
    limited.lendablePercent ??= 0;
    const queues = limited.limitResponse?.queuing;
    if (!queues) return;
    queues.handSize ||= 8;
    queues.queues ||= 64;
    queues.queueLengthLimit ||= 50;
  },
  prepareCreate(draft) {
    (draft as { status?: object }).status = {};
  },
  validate({ spec }, errors) {
    oneOf(errors, 'spec.type', spec?.type, ['Exempt', 'Limited']);
    if (spec?.type === 'Limited' && !spec.limited) {
      errors.required('spec.limited', 'must not be empty when type is Limited');
    }
    if (spec?.type === 'Exempt' && spec.limited) {
      errors.forbidden('spec.limited', 'must be nil if the type is not Limited');
    }
  },
  columns: [
    column('Type', 'string', texts['PriorityLevelConfigurationSpec.type']!, (p) => p.spec?.type ?? ''),
    column(
      'NominalConcurrencyShares',
      'string',
      texts['LimitedPriorityLevelConfiguration.nominalConcurrencyShares']!,
      (p) => p.spec?.limited?.nominalConcurrencyShares ?? '<none>',
    ),
    column('Queues', 'string', texts['QueuingConfiguration.queues']!, (p) => queuing(p)?.queues ?? '<none>'),
    column('HandSize', 'string', texts['QueuingConfiguration.handSize']!, (p) => queuing(p)?.handSize ?? '<none>'),
    column(
      'QueueLengthLimit',
      'string',
      texts['QueuingConfiguration.queueLengthLimit']!,
      (p) => queuing(p)?.queueLengthLimit ?? '<none>',
    ),
    ageColumn,
  ],
});
