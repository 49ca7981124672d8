// /livez, /readyz and /healthz, with ?verbose, ?exclude and named checks. Upstream: apiserver/pkg/server/healthz.
import type { Response } from '../../../wire/http.ts';
import type { Filter, RequestContext, Server } from '../context.ts';
import { pageNotFound, textResponse } from '../content/respond.ts';
import { START_CHECKS } from './start-checks.ts';

type Check = () => Promise<void>;
export const HEALTH_ROOTS = ['/livez', '/readyz', '/healthz'];

export const health: Filter = (context, next) => {
  const root = rootOf(context.request.path);
  if (root === undefined) return next();
  return answer(context, root);
};

const rootOf = (path: string): string | undefined => HEALTH_ROOTS.find((r) => path === r || path.startsWith(`${r}/`));

/** Answered before the server is ready. */
export const isHealthPath = (path: string): boolean => rootOf(path) !== undefined;

export const checkNames = (server: Server, root: string): string[] => [...checksOf(server, root).keys()];

export function checksOf(server: Server, root: string): Map<string, Check> {
  const checks = new Map<string, Check>([
    ['ping', async () => {}],
    ['log', async () => {}],
    ['etcd', async () => void (await server.options.store.currentRevision())],
  ]);
  for (const [name, check] of Object.entries(server.options.healthChecks ?? {})) checks.set(name, check);
  const started = async (): Promise<void> => {
    if (!server.isReady()) throw new Error('the caches are still being filled');
  };
  // Who starts is alive: upstream's /livez waits for none of them either while its time of grace runs.
  for (const name of START_CHECKS) checks.set(name, root === '/livez' ? async () => {} : started);
  if (root === '/readyz') {
    checks.set('informer-sync', started);
    checks.set('shutdown', async () => {
      if (server.closing.aborted) throw new Error('process is shutting down');
    });
  }
  return checks;
}

async function answer(context: RequestContext, root: string): Promise<Response> {
  const { path, query } = context.request;
  const checks = checksOf(context.server, root);
  const named = path.slice(root.length + 1);
  if (path !== root) {
    const check = checks.get(named);
    if (!check) return pageNotFound(context);
    const failed = await failure(check);
    return failed === undefined
      ? textResponse(context, 200, 'ok')
      : textResponse(context, 500, `internal server error: ${failed}\n`);
  }
  const excluded = new Set(query.getAll('exclude'));
  let text = '';
  let failures = 0;
  for (const [name, check] of checks) {
    if (excluded.delete(name)) {
      text += `[+]${name} excluded: ok\n`;
      continue;
    }
    if ((await failure(check)) === undefined) text += `[+]${name} ok\n`;
    else {
      text += `[-]${name} failed: reason withheld\n`;
      failures++;
    }
  }
  if (excluded.size > 0) {
    const list = [...excluded].map((name) => JSON.stringify(name)).join(', ');
    text += `warn: some health checks cannot be excluded: no matches for ${list}\n`;
  }
  const kind = root.slice(1);
  if (failures > 0) return textResponse(context, 500, `${text}${kind} check failed\n`);
  return textResponse(context, 200, query.has('verbose') ? `${text}${kind} check passed\n` : 'ok');
}

export async function failure(check: Check): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
