// What a program imports: a server in this process, clients to any API server, and the types that they speak.
export { startServer, runServer, StartupError } from './server/server.ts';
export type { RunningServer, ServerOptions } from './server/server.ts';
export type { ComponentName, StoreSpec } from './server/options.ts';

export { runSimulatedNodes } from './node/simulated/run.ts';
export type { SimulatedNodesOptions } from './node/simulated/run.ts';

export { Client } from './client/rest.ts';
export type { Key, ListOptions, PatchType, WatchOptions, WriteOptions } from './client/rest.ts';
export { createInformers } from './client/informer.ts';
export type { Informer, InformerHandler, Informers, Lister } from './client/informer.ts';
export { defineController, runController, watch } from './client/controller.ts';
export type { ControllerContext, ControllerDefinition, ReconcileResult } from './client/controller.ts';
export { createEventRecorder } from './client/events.ts';
export { systemClock } from './client/clock.ts';
export { silentLogger } from './client/log.ts';
export type { Logger } from './client/log.ts';
export { kubeConfigPaths, loadKubeConfig } from './client/kubeconfig.ts';
export { clientConfigFrom, inClusterConfig } from './client/kubeconfig-connection.ts';
export { httpsTransport } from './client/transport/https.ts';
export { inProcess } from './client/transport/in-process.ts';

export * from './api/resources.ts';
export { StatusError, isAlreadyExists, isConflict, isNotFound } from './api/status.ts';
export type { Status, StatusReason } from './api/status.ts';
export { apiVersionOf, objectKey, parseApiVersion, splitKey } from './api/types.ts';
export type {
  KubeObject,
  List,
  ObjectMeta,
  OwnerReference,
  ResourceType,
  Unstructured,
  WatchEvent,
} from './api/types.ts';
export type { Handler, Request, Response, User } from './wire/http.ts';
