// Starts what runs beside the API server in the same process: the scheduler and the controllers. Each acts as its own
// user over the in-process transport and passes RBAC like anybody else.
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { Clock } from '../client/controller.ts';
import { runAsLeader } from '../client/leader.ts';
import type { Logger } from '../client/log.ts';
import { Client } from '../client/rest.ts';
import { controllerUser, inProcess } from '../client/transport/in-process.ts';
import type { Handler, User } from '../wire/http.ts';
import { signSecretToken } from './auth/service-account-issuer.ts';
import type { ComponentName } from './options.ts';
import { signCsr } from './pki/csr.ts';
import type { Pki } from './pki/pki.ts';

export interface ComponentOptions {
  handler: Handler;
  pki: Pki;
  /** One of several servers on one store: only the elected one acts. */
  shared: boolean;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

const systemUser = (name: string): User => ({ name, groups: ['system:authenticated'] });

/** Resolves when all of them have stopped, which they do when the signal aborts. */
export async function runComponents(names: readonly ComponentName[], options: ComponentOptions): Promise<void> {
  // Every loop listens to it: hundreds are no leak.
  setMaxListeners(0, options.signal);
  const running: Promise<void>[] = [];
  if (names.includes('controllers')) running.push(elected('kube-controller-manager', options, runControllers));
  if (names.includes('scheduler')) running.push(elected('kube-scheduler', options, runScheduler));
  await Promise.all(running);
}

/** Runs at once on a store of one's own; on a shared one while this server holds the lease. */
async function elected(
  name: string,
  options: ComponentOptions,
  run: (options: ComponentOptions) => Promise<void>,
): Promise<void> {
  const { shared, handler, clock, log, signal } = options;
  if (!shared) return run(options);
  const client = new Client(inProcess(handler, systemUser(`system:${name}`)), { userAgent: name });
  const identity = `${hostname()}_${randomUUID()}`;
  await runAsLeader({ client, namespace: 'kube-system', name, identity, clock, log, signal }, (reign) =>
    run({ ...options, signal: reign }),
  );
}

async function runControllers({ handler, pki, clock, log, signal }: ComponentOptions): Promise<void> {
  const controllers = await import('./controllers/run.ts');
  if (signal.aborted) return;
  await controllers.runControllers({
    client: (account) =>
      new Client(inProcess(handler, controllerUser(account)), { userAgent: 'kube-controller-manager' }),
    signCsr: (pem, request) => signCsr(pki.authority, pem, request),
    signSecretToken: (token) => signSecretToken(pki.serviceAccountKeys, token),
    rootCa: pki.authority.certificate,
    clock,
    log,
    signal,
  });
}

async function runScheduler({ handler, clock, log, signal }: ComponentOptions): Promise<void> {
  const scheduler = await import('./scheduler/run.ts');
  if (signal.aborted) return;
  const client = new Client(inProcess(handler, systemUser('system:kube-scheduler')), { userAgent: 'kube-scheduler' });
  await scheduler.runScheduler({ client, clock, log, signal });
}
