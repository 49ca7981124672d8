// PriorityLevelConfiguration. Upstream: pkg/registry/flowcontrol/prioritylevelconfiguration/strategy.go.
import type { PriorityLevelConfiguration } from 'kubernetes-types/flowcontrol/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldFlowVersions } from '../shared/flow-versions.ts';
import { share, validateFlowConditions, validateLimited } from '../shared/flow-rules.ts';
import { type GoFields, goStruct, pointerTo, structOf } from '../shared/go-structs.ts';
import { KEPT_BY_STATUS, status } from '../shared/workloads.ts';

const group = 'flowcontrol.apiserver.k8s.io';
const queuing = (p: PriorityLevelConfiguration) => p.spec?.limited?.limitResponse?.queuing;

const CATCH_ALL = {
  type: 'Limited',
  limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
};

const SPEC: GoFields = {
  Type: '',
  Limited: pointerTo({
    NominalConcurrencyShares: 0,
    LimitResponse: structOf({ Type: '', Queuing: pointerTo({ Queues: 0, HandSize: 0, QueueLengthLimit: 0 }) }),
    LendablePercent: null,
    BorrowingLimitPercent: null,
  }),
  Exempt: pointerTo({ NominalConcurrencyShares: null, LendablePercent: null }),
};

function validate({ spec, metadata, status: s }: PriorityLevelConfiguration, errors: FieldErrors): void {
  const [name, type] = [metadata?.name ?? '', spec?.type ?? ''];
  if ((name === 'exempt') !== (type === 'Exempt')) {
    errors.invalid('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'");
  }
  if (type === 'Exempt') {
    if (spec?.limited) errors.forbidden('spec.limited', 'must be nil if the type is not Limited');
    const shares = spec?.exempt?.nominalConcurrencyShares;
    if (shares != null && shares < 0) {
      errors.invalid('spec.exempt.nominalConcurrencyShares', shares, 'must be a non-negative integer');
    }
    share(errors, 'spec.exempt.lendablePercent', spec?.exempt?.lendablePercent);
  } else if (type === 'Limited') {
    if (spec?.exempt) errors.forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (spec?.limited) validateLimited(errors, 'spec.limited', spec.limited);
    else errors.required('spec.limited', 'must not be empty when type is Limited');
  } else errors.notSupported('spec.type', type, ['Exempt', 'Limited']);
  // Of this one the numbers may be changed.
  if (name === 'exempt' && !semanticEqual({ ...spec, exempt: undefined }, { type: 'Exempt' })) {
    const why = `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`;
    errors.invalid('spec', goStruct(spec, SPEC), why);
  }
  if (name === 'catch-all' && !semanticEqual(spec, CATCH_ALL)) {
    errors.invalid('spec', goStruct(spec, SPEC), `spec of '${name}' must equal the fixed value`);
  }
  validateFlowConditions(errors, s?.conditions);
}

export default defineKind<PriorityLevelConfiguration>({
  group,
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }, ...oldFlowVersions('PriorityLevelConfiguration')],
  subresources: { status },
  statusKeeps: KEPT_BY_STATUS,
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
  validate,
  validateStatus: ({ status: s }, _old, errors) => validateFlowConditions(errors, s?.conditions),
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
