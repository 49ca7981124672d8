// Starts all controllers of a process over shared informers, each with its own user and events.
import { type EventRecorder, createEventRecorder } from '../../client/events.ts';
import { Namespaces } from '../../api/resources.ts';
import { type Clock, runController } from '../../client/controller.ts';
import { type Informers, createInformers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { type ControllerModule, type SignCsr, type SignSecretToken, asModule } from './_types.ts';
import controllers from './index.gen.ts';

/** The account that may read everything: the shared informers are its own. */
const INFORMERS_ACCOUNT = 'generic-garbage-collector';

/** The service accounts of upstream's controllers, where they are not `<name>-controller`. */
const ACCOUNTS: Readonly<Record<string, string>> = {
  csrapproving: 'certificate-controller',
  csrcleaner: 'certificate-controller',
  csrsigning: 'certificate-controller',
  daemonset: 'daemon-set-controller',
  'garbage-collector': 'generic-garbage-collector',
  'horizontal-pod-autoscaler': 'horizontal-pod-autoscaler',
  'node-ipam': 'node-controller',
  'node-lifecycle': 'node-controller',
  'persistent-volume-binder': 'persistent-volume-binder',
  'pod-garbage-collector': 'pod-garbage-collector',
  'root-ca-cert-publisher': 'root-ca-cert-publisher',
  'taint-eviction': 'node-controller',
  tokencleaner: 'token-cleaner',
};

/** The service account in kube-system as which a controller acts. */
export const controllerAccount = (name: string): string => ACCOUNTS[name] ?? `${name}-controller`;

/** What events name as their source, where it is not `<name>-controller`. `describe` shows it. */
const COMPONENTS: Readonly<Record<string, string>> = {
  'node-lifecycle': 'node-controller',
  'node-ipam': 'cidrAllocator',
  endpointslice: 'endpoint-slice-controller',
};

/**
 * What these do for a namespace that is being deleted is to count what is left of it: nothing can be made there any more.
 * They wait for several changes, most often for all, so that thousands of objects go without a status for each step.
 */
const COUNTING = new Set([
  'daemonset',
  'deployment',
  'disruption',
  'horizontal-pod-autoscaler',
  'replicaset',
  'replication',
  'resourcequota',
  'statefulset',
]);
const GOING_MS = 10_000;

export interface RunControllersOptions {
  /** A client that acts as `system:serviceaccount:kube-system:<account>`. */
  client(account: string): Client;
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
  /** Default: made with the client of INFORMERS_ACCOUNT. */
  informers?: Informers;
}

export const controllerModules = (): ControllerModule[] => controllers.map(asModule);

/** Runs until the signal aborts and all reconciles have ended. Throws for a name that is no controller's. */
export async function runControllers(options: RunControllersOptions): Promise<void> {
  const { client, clock, log, signal, names } = options;
  const informers =
    options.informers ?? createInformers(client(INFORMERS_ACCOUNT), { signal, log, unservedAreEmpty: true });
  const modules = controllerModules();
  for (const name of names ?? []) {
    if (!modules.some((m) => m.name === name)) throw new Error(`unknown controller "${name}"`);
  }
  const namespaces = informers.for(Namespaces).lister;
  const isGoing = (name: string) => namespaces.get(name)?.metadata?.deletionTimestamp !== undefined;
  const gatherMs = (name: string) => (isGoing(name) ? GOING_MS : 0);
  const chosen = modules.filter((m) => names?.includes(m.name) ?? true);
  await Promise.all(chosen.map((module) => runModule(module, options, informers)));

  async function runModule(module: ControllerModule, given: RunControllersOptions, shared: Informers) {
    const { signCsr, signSecretToken, rootCa } = given;
    const own = client(controllerAccount(module.name));
    const source = { component: COMPONENTS[module.name] ?? `${module.name}-controller` };
    const recorder = createEventRecorder({ client: own, source, clock, log });
    const events: EventRecorder = {
      ...recorder,
      // It would be refused there.
      event: (object, ...what) => {
        if (!isGoing(object.metadata?.namespace ?? '')) recorder.event(object, ...what);
      },
    };
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
    const options = COUNTING.has(module.name) ? { ...environment, gatherMs } : environment;
    const loops = module.setup(environment).map((definition) => runController(definition, options));
    if (module.run) loops.push(module.run(environment));
    await Promise.all(loops);
    await events.flush();
  }
}
