// Starts what runs beside the API server in the same process: the scheduler and the controllers. Each acts as its own
// user over the in-process transport and passes RBAC like anybody else.
import type { Clock } from '../client/controller.ts';
import type { Logger } from '../client/log.ts';
import { Client } from '../client/rest.ts';
import { inProcess } from '../client/transport/in-process.ts';
import { type Handler, type User } from '../wire/http.ts';
import type { ComponentName } from './options.ts';
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

const SCHEDULER: User = { name: 'system:kube-scheduler', groups: ['system:authenticated'] };

/** Resolves when all of them have stopped, which they do when the signal aborts. */
export async function runComponents(names: readonly ComponentName[], options: ComponentOptions): Promise<void> {
  const running: Promise<void>[] = [];
  if (names.includes('scheduler')) running.push(runScheduler(options));
  await Promise.all(running);
}

async function runScheduler({ handler, clock, log, signal }: ComponentOptions): Promise<void> {
  const scheduler = await import('./scheduler/run.ts');
  const client = new Client(inProcess(handler, SCHEDULER));
  await scheduler.runScheduler({ client, clock, log, signal });
}
