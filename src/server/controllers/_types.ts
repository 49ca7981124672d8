// What run.ts starts: a plain controller definition, or a module that makes its loops over an environment because it
// keeps state between reconciles (expectations, graphs), needs injected functions, or runs more than one loop.
import type { ControllerDefinition, Clock } from '../../client/controller.ts';
import type { EventRecorder } from '../../client/events.ts';
import type { Informers } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';

/** Signs a PEM request; answers the certificate (chain) as PEM. Refuses by throwing. */
export type SignCsr = (
  pem: string,
  options: { signer: string; expirationSeconds?: number; usages?: readonly string[] },
) => Promise<string> | string;

/** Signs the token of a Secret of type kubernetes.io/service-account-token. */
export type SignSecretToken = (token: {
  namespace: string;
  secret: string;
  serviceAccount: { name: string; uid: string };
}) => Promise<string>;

export interface ControllerEnvironment {
  /** Acts as the controller's own user. */
  client: Client;
  /** Shared by all controllers of the process. */
  informers: Informers;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /** Absent where another program signs. */
  signCsr?: SignCsr;
  /** Absent where another program signs. */
  signSecretToken?: SignSecretToken;
  /** The cluster CA's certificate, PEM. */
  rootCa?: string;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyController = ControllerDefinition<any>;

export interface ControllerModule {
  /** Chooses the user: see run.ts. */
  name: string;
  /** Makes the reconcile loops; called once per start, so closures are the place for state. */
  setup(environment: ControllerEnvironment): AnyController[];
  /** A loop that is no reconcile over keys; runs until the signal aborts. */
  run?(environment: ControllerEnvironment): Promise<void>;
}

export const defineControllerModule = (module: ControllerModule): ControllerModule => module;

/** What a file of this folder exports. */
export type ControllerExport = AnyController | ControllerModule;

/** Turns a plain definition into a module. */
export function asModule(controller: ControllerExport): ControllerModule {
  return 'setup' in controller ? controller : { name: controller.name, setup: () => [controller] };
}
