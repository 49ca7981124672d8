// Short forms in which the policy's data files are written. No data here.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

export const READ = 'get list watch';
export const READ_WRITE = 'create delete deletecollection get list patch update watch';
export const WRITE = 'create delete deletecollection patch update';

/** `rule('get list', 'apps extensions', 'deployments')`: words apart by spaces; `core` is the group ''. */
export function rule(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    apiGroups: words(groups).map((group) => (group === 'core' ? '' : group)),
    resources: words(resources),
    verbs: words(verbs),
    ...(names ? { resourceNames: words(names) } : {}),
  };
}

export const paths = (verbs: string, urls: string): PolicyRule => ({
  nonResourceURLs: words(urls),
  verbs: words(verbs),
});

/** Nearly every controller reports what it does. */
export const EVENTS: PolicyRule = rule('create patch update', 'core events.k8s.io', 'events');
