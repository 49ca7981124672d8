// Scales what HorizontalPodAutoscalers name, as metrics say, every fifteen seconds. This file wakes and writes; a look
// is in podautoscaler/sync.ts. Upstream: pkg/controller/podautoscaler.
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import { semanticEqual } from '../../api/equal.ts';
import { HorizontalPodAutoscalers, Pods } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import { type ControllerContext, type ReconcileResult, defineController } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { newHistory } from './podautoscaler/limits.ts';
import { type AutoscalerState, AutoscalerSync } from './podautoscaler/sync.ts';
import { Targets } from './podautoscaler/target.ts';
import { about, messageOf } from './shared/objects.ts';
import { WrittenVersions } from './shared/written-versions.ts';

/** Upstream: --horizontal-pod-autoscaler-sync-period. */
const PERIOD_MS = 15_000;
/** How long the cache may take to show what was written. */
const CACHE_WAIT_MS = 100;

interface State extends AutoscalerState {
  written: WrittenVersions;
}

function setup({ client, clock, informers }: ControllerEnvironment) {
  const state: State = {
    targets: new Targets(client, clock),
    histories: new Map(),
    selectors: new Map(),
    written: new WrittenVersions(),
  };
  informers.for(HorizontalPodAutoscalers).addHandler({
    delete: (hpa) => {
      state.histories.delete(objectKey(hpa));
      state.selectors.delete(objectKey(hpa));
      state.written.forget(hpa.metadata?.uid ?? '');
    },
  });
  return [
    defineController({
      name: 'horizontal-pod-autoscaler',
      for: HorizontalPodAutoscalers,
      reads: [Pods],
      // What is written here wakes nobody: the next look is planned.
      filter: (hpa, old) => !old || !semanticEqual(hpa.spec, old.spec),
      workers: 5,
      reconcile: (context, key) => reconcile(context, key, state),
    }),
  ];
}

async function reconcile(context: ControllerContext, key: string, state: State): Promise<ReconcileResult | void> {
  const hpa = context.lister(HorizontalPodAutoscalers).get(key);
  if (!hpa?.spec) return;
  if (!state.written.isCurrent(hpa)) return { requeueAfterMs: CACHE_WAIT_MS };
  let history = state.histories.get(key);
  if (!history) state.histories.set(key, (history = newHistory()));
  try {
    const status = await new AutoscalerSync(context, hpa, state, history).run();
    if (!semanticEqual(status, hpa.status)) await writeStatus(context, { ...hpa, status }, state);
  } catch (error) {
    if (context.signal.aborted) throw error;
    context.log.warn({ controller: 'horizontal-pod-autoscaler', key, error: String(error) }, 'look failed');
  }
  return { requeueAfterMs: PERIOD_MS };
}

async function writeStatus({ client, events }: ControllerContext, hpa: HorizontalPodAutoscaler, { written }: State) {
  try {
    written.wrote(await client.updateStatus(HorizontalPodAutoscalers, hpa));
  } catch (error) {
    if (isNotFound(error)) return;
    events.event(about(HorizontalPodAutoscalers, hpa), 'Warning', 'FailedUpdateStatus', messageOf(error));
    throw error;
  }
}

export default defineControllerModule({ name: 'horizontal-pod-autoscaler', setup });
