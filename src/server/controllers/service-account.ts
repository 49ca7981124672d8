// Every active namespace has the service account `default`. Upstream: pkg/controller/serviceaccount/
// serviceaccounts_controller.go.
import { Namespaces, ServiceAccounts } from '../../api/resources.ts';
import { isAlreadyExists } from '../../api/status.ts';
import { defineController, watch } from '../../client/controller.ts';
import { isNamespaceTerminating } from './shared/pod-control.ts';

const NAME = 'default';

export default defineController({
  name: 'service-account',
  for: Namespaces,
  watches: [
    watch(ServiceAccounts, (account) => (account.metadata?.name === NAME ? [account.metadata.namespace!] : [])),
  ],
  workers: 1,
  async reconcile({ client, lister }, key) {
    const namespace = lister(Namespaces).get(key);
    if (!namespace || namespace.status?.phase === 'Terminating' || namespace.metadata?.deletionTimestamp) return;
    if (lister(ServiceAccounts).get(`${key}/${NAME}`)) return;
    try {
      await client.create(ServiceAccounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: NAME, namespace: key },
      });
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
    }
  },
});
