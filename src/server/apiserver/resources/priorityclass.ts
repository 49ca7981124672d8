// PriorityClass: the system's own stay. Upstream: pkg/registry/scheduling/priorityclass/storage/storage.go (Delete).
import { SYSTEM_PRIORITIES } from '../../../api/kinds/scheduling/priorityclass.ts';
import { forbidden } from '../../../api/status.ts';
import { defineHooks } from '../types.ts';

const WHY = 'this is a system priority class and cannot be deleted';

export default defineHooks({
  group: 'scheduling.k8s.io',
  plural: 'priorityclasses',
  beginDelete({ metadata: { name = '' } }) {
    if (!Object.hasOwn(SYSTEM_PRIORITIES, name)) return Promise.resolve();
    throw forbidden({ group: 'scheduling.k8s.io', plural: 'priorityclasses' }, name, WHY);
  },
});
