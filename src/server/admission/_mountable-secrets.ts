// Which secrets pods may use whose service account says so (kubernetes.io/enforce-mountable-secrets): those that the
// account lists. Upstream: limitSecretReferences in plugin/pkg/admission/serviceaccount/admission.go.
import type { Container, Pod, ServiceAccount } from 'kubernetes-types/core/v1.js';

/** Why the pod is refused; undefined when it is not. */
export function secretThatMayNotBeUsed(pod: Pod, account: ServiceAccount, ephemeralOnly: boolean): string | undefined {
  const allowed = new Set(account.secrets?.map((secret) => secret.name));
  const { volumes, containers, initContainers, ephemeralContainers, imagePullSecrets } = pod.spec ?? {};
  const suffix = `is not allowed because service account ${account.metadata?.name} does not reference that`;
  const ofVariables = (list: readonly Container[] | undefined, what: string): string | undefined => {
    for (const { name, env } of list ?? []) {
      for (const variable of env ?? []) {
        const secret = variable.valueFrom?.secretKeyRef?.name;
        if (secret === undefined || allowed.has(secret)) continue;
        return `${what} ${name} with envVar ${variable.name} referencing secret.secretName="${secret}" ${suffix} secret`;
      }
    }
    return undefined;
  };
  if (ephemeralOnly) return ofVariables(ephemeralContainers as unknown as Container[], 'ephemeral container');
  for (const { secret } of volumes ?? []) {
    const name = secret?.secretName;
    if (name === undefined || allowed.has(name)) continue;
    return `volume with secret.secretName="${name}" ${suffix} secret`;
  }
  const variables = ofVariables(initContainers, 'init container') ?? ofVariables(containers, 'container');
  if (variables) return variables;
  const pullable = new Set(account.imagePullSecrets?.map((secret) => secret.name));
  const at = (imagePullSecrets ?? []).findIndex((secret) => !pullable.has(secret.name));
  return at < 0 ? undefined : `imagePullSecrets[${at}].name="${imagePullSecrets![at]!.name}" ${suffix} imagePullSecret`;
}
