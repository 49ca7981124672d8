// The GitOps loop's composition root: makes sure that its kinds exist, then runs the two loops as clients of whatever
// API server it is given.
import { CustomResourceDefinitions } from '../api/resources.ts';
import { isAlreadyExists, isNotFound } from '../api/status.ts';
import type { KubeObject, ResourceType, Unstructured } from '../api/types.ts';
import { systemClock } from '../client/clock.ts';
import { type Clock, runController } from '../client/controller.ts';
import { createEventRecorder } from '../client/events.ts';
import { createInformers } from '../client/informer.ts';
import type { Logger } from '../client/log.ts';
import type { Client } from '../client/rest.ts';
import { Artifacts } from './artifacts.ts';
import { gitRepositoryCrd } from './crds/gitrepository.ts';
import { kustomizationCrd } from './crds/kustomization.ts';
import { kustomizationController } from './kustomization.ts';
import { repositoryController } from './source/repository.ts';
import { GitRepositories, Kustomizations } from './types.ts';

export interface GitOpsOptions {
  client: Client;
  /** Where clones are kept; may be lost. */
  cacheFolder: string;
  log: Logger;
  signal: AbortSignal;
  clock?: Clock;
}

/** Runs until the signal aborts; resolves when all has stopped. */
export async function runGitOps(options: GitOpsOptions): Promise<void> {
  const { client, cacheFolder, log, signal, clock = systemClock } = options;
  await installCrds(client, clock, signal);
  const informers = createInformers(client, { signal, log });
  const artifacts = new Artifacts();
  const source = createEventRecorder({ client, source: { component: 'source-controller' }, clock, log });
  const kustomize = createEventRecorder({ client, source: { component: 'kustomize-controller' }, clock, log });
  const common = { client, informers, clock, log, signal };
  await Promise.all([
    runController(repositoryController(artifacts, cacheFolder), { ...common, events: source }),
    runController(kustomizationController(artifacts), { ...common, events: kustomize }),
  ]);
  await Promise.all([source.flush(), kustomize.flush()]);
}

/** A definition that exists, ours or Flux's, is left as it is. Resolves when both kinds are served. */
async function installCrds(client: Client, clock: Clock, signal: AbortSignal): Promise<void> {
  for (const crd of [gitRepositoryCrd, kustomizationCrd]) await ensure(client, crd, clock, signal);
  for (const type of [GitRepositories, Kustomizations] as ResourceType<KubeObject>[]) {
    while (!signal.aborted) {
      const served = await client.list(type, { limit: 1 }).then(
        () => true,
        (error: unknown) => {
          if (isNotFound(error)) return false;
          throw error;
        },
      );
      if (served) break;
      await clock.sleep(50, signal);
    }
  }
}

async function ensure(client: Client, crd: Unstructured, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await client.get(CustomResourceDefinitions, { name: crd.metadata.name ?? '' });
      return;
    } catch (error) {
      if (!isNotFound(error)) {
        // The server may still be starting.
        if (attempt >= 50) throw error;
        await clock.sleep(200, signal);
        continue;
      }
    }
    await client.create(CustomResourceDefinitions, crd).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
    return;
  }
}
