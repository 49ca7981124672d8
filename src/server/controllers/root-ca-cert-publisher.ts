// Every active namespace has the ConfigMap `kube-root-ca.crt`, by which pods know the API server. Upstream:
// pkg/controller/certificates/rootcacertpublisher/publisher.go.
import { ConfigMaps, Namespaces } from '../../api/resources.ts';
import { isAlreadyExists } from '../../api/status.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { isNamespaceTerminating } from './shared/pod-control.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const TEXT =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the ' +
  'internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes ' +
  'clusters.';

async function reconcile({ client, lister }: ControllerContext, namespace: string, rootCa: string): Promise<void> {
  const live = lister(Namespaces).get(namespace);
  if (!live || live.status?.phase === 'Terminating' || live.metadata?.deletionTimestamp) return;
  const data = { 'ca.crt': rootCa };
  const current = lister(ConfigMaps).get(`${namespace}/${NAME}`);
  if (!current) {
    const metadata = { name: NAME, namespace, annotations: { [DESCRIPTION]: TEXT } };
    try {
      await client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
    }
    return;
  }
  const same = current.data?.['ca.crt'] === rootCa && Object.keys(current.data).length === 1;
  if (same && current.metadata?.annotations?.[DESCRIPTION] !== undefined) return;
  const annotations = { ...current.metadata?.annotations, [DESCRIPTION]: TEXT };
  await client.update(ConfigMaps, { ...current, metadata: { ...current.metadata, annotations }, data });
}

export default defineControllerModule({
  name: 'root-ca-cert-publisher',
  setup({ rootCa }: ControllerEnvironment) {
    if (rootCa === undefined) return [];
    return [
      defineController({
        name: 'root-ca-cert-publisher',
        for: Namespaces,
        watches: [watch(ConfigMaps, (map) => (map.metadata?.name === NAME ? [map.metadata.namespace!] : []))],
        reconcile: (context, key) => reconcile(context, key, rootCa),
      }),
    ];
  },
});
