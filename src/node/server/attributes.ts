// What a request to the node means to the authorizer: a verb on a subresource of this node. Pure. Upstream:
// pkg/kubelet/server/auth.go GetRequestAttributes (with the fine-grained subresources of 1.33, which fall back to
// `proxy`).

const VERBS: Record<string, string> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const SUBRESOURCES: [prefix: string, subresource: string][] = [
  ['/stats', 'stats'],
  ['/metrics', 'metrics'],
  ['/logs', 'log'],
  ['/checkpoint', 'checkpoint'],
];
const FINE_GRAINED: [prefix: string, subresource: string][] = [
  ['/healthz', 'healthz'],
  ['/pods', 'pods'],
  ['/runningpods', 'pods'],
  ['/configz', 'configz'],
];

const under = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

export interface NodeAccess {
  verb: string;
  /** Any of them suffices, asked in this order. */
  subresources: string[];
}

export function nodeAccess(method: string, path: string): NodeAccess {
  const verb = VERBS[method] ?? method.toLowerCase();
  const own = SUBRESOURCES.find(([prefix]) => under(path, prefix));
  if (own) return { verb, subresources: [own[1]] };
  const fine = FINE_GRAINED.find(([prefix]) => under(path, prefix));
  return { verb, subresources: fine ? [fine[1], 'proxy'] : ['proxy'] };
}
