// Starts all controllers of a process over shared informers, each with its own user and events.
import { createEventRecorder } from '../../client/events.ts';
import { type Clock, runController } from '../../client/controller.ts';
import { type Informers, createInformers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { type ControllerModule, type SignCsr, type SignSecretToken, asModule } from './_types.ts';
import controllers from './index.gen.ts';

/** The controller whose user may read everything: the shared informers are its own. */
export const INFORMERS_USER = 'garbage-collector';

/** What events name as their source, where it is not `<name>-controller`. `describe` shows it. */
const COMPONENTS: Readonly<Record<string, string>> = {
  'node-lifecycle': 'node-controller',
  'node-ipam': 'cidrAllocator',
  endpointslice: 'endpoint-slice-controller',
};

export interface RunControllersOptions {
  /** A client that acts as `system:serviceaccount:kube-system:<name>-controller`. */
  client(name: string): Client;
  /** Absent: certificates are approved but not signed here. */
  signCsr?: SignCsr;
  /** Absent: Secrets for service account tokens stay without one here. */
  signSecretToken?: SignSecretToken;
  /** The cluster CA's certificate, PEM; absent: not published. */
  rootCa?: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /** Only these; default all. */
  names?: readonly string[];
  /** Default: made with the client of INFORMERS_USER. */
  informers?: Informers;
}

export const controllerModules = (): ControllerModule[] => controllers.map(asModule);

/** Runs until the signal aborts and all reconciles have ended. Throws for a name that is no controller's. */
export async function runControllers(options: RunControllersOptions): Promise<void> {
  const { client, clock, log, signal, names } = options;
  const informers = options.informers ?? createInformers(client(INFORMERS_USER), { signal, log });
  const modules = controllerModules();
  for (const name of names ?? []) {
    if (!modules.some((m) => m.name === name)) throw new Error(`unknown controller "${name}"`);
  }
  const chosen = modules.filter((m) => names?.includes(m.name) ?? true);
  await Promise.all(chosen.map((module) => runModule(module, options, informers)));

  async function runModule(module: ControllerModule, given: RunControllersOptions, shared: Informers) {
    const { signCsr, signSecretToken, rootCa } = given;
    const own = client(module.name);
    const source = { component: COMPONENTS[module.name] ?? `${module.name}-controller` };
    const events = createEventRecorder({ client: own, source, clock, log });
    const environment = {
      client: own,
      informers: shared,
      events,
      clock,
      log,
      signal,
      ...(signCsr ? { signCsr } : {}),
      ...(signSecretToken ? { signSecretToken } : {}),
      ...(rootCa === undefined ? {} : { rootCa }),
    };
    const loops = module.setup(environment).map((definition) => runController(definition, environment));
    if (module.run) loops.push(module.run(environment));
    await Promise.all(loops);
    await events.flush();
  }
}
