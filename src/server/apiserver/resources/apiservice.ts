// APIService: one that is answered here is available from the start. Upstream: kube-aggregator/pkg/registry/apiservice.
import type { ApiService } from '../../../api/kinds/apiregistration/apiservice.ts';
import { LOCAL, withAvailability } from '../aggregation/conditions.ts';
import { defineHooks } from '../types.ts';
import { timestamp } from '../verbs/metadata.ts';

export default defineHooks({
  group: 'apiregistration.k8s.io',
  plural: 'apiservices',
  async beginCreate(draft, { options }) {
    settle(draft as ApiService, (options.clock ?? Date).now());
  },
  async beginUpdate(draft, _old, { options }) {
    settle(draft as ApiService, (options.clock ?? Date).now());
  },
});

function settle(draft: ApiService, nowMs: number): void {
  if (draft.spec?.service) return;
  const status = withAvailability(draft, LOCAL, timestamp(nowMs));
  if (status) draft.status = status;
}
