// Makes priorities and flow schemas once the server is ready, which nobody waits for, and keeps them as they should be:
// the mandatory ones come back, and every flow schema says whether its priority level exists. Upstream: apiserver/pkg/util/flowcontrol/apf_controller.go
// (syncFlowSchemaStatus), pkg/registry/flowcontrol/rest/storage_flowcontrol.go (its minute).
import type { FlowSchema, FlowSchemaCondition } from 'kubernetes-types/flowcontrol/v1.js';
import { isConflict, isNotFound } from '../../api/status.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { Client } from '../../client/rest.ts';
import { Ensurer, type ReadCache } from './ensure.ts';
import { FlowSchemas, PriorityLevelConfigurations, ensureFlowControl } from './flow-control.ts';

const REPAIR_MS = 60_000;
/** Changes come in crowds: at the start, and when somebody applies a folder of them. */
const SETTLE_MS = 200;

export interface FlowControlOptions {
  /** Acts as a member of system:masters. */
  client: Client;
  cache: ReadCache & { list<T extends KubeObject>(type: ResourceType<T>): readonly T[] };
  observe<T extends KubeObject>(type: ResourceType<T>, onChange: () => void): () => void;
  now(): number;
  onError(error: unknown): void;
}

/** Returns the end of it. */
export function keepFlowControl({ client, cache, observe, now, onError }: FlowControlOptions): () => Promise<void> {
  const ensure = new Ensurer(client, cache);
  let settling: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let ended = false;
  const run = (work: () => Promise<void>): void => {
    running = running.then(async () => {
      if (!ended) await work().catch(onError);
    });
  };
  const changed = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined;
      run(() => writeStatuses(client, cache, now));
    }, SETTLE_MS);
    settling.unref();
  };
  const removals = [observe(FlowSchemas, changed), observe(PriorityLevelConfigurations, changed)];
  const ensureAll = (): void => run(() => ensureFlowControl(ensure));
  ensureAll();
  const repair = setInterval(ensureAll, REPAIR_MS);
  repair.unref();
  return async () => {
    ended = true;
    clearTimeout(settling);
    clearInterval(repair);
    for (const remove of removals) remove();
    await running;
  };
}

async function writeStatuses(client: Client, cache: FlowControlOptions['cache'], now: () => number): Promise<void> {
  for (const schema of cache.list(FlowSchemas)) {
    const level = schema.spec?.priorityLevelConfiguration.name ?? '';
    const exists = cache.get(PriorityLevelConfigurations, undefined, level) !== undefined;
    const next = withCondition(schema, dangling(level, exists), now());
    if (!next) continue;
    try {
      await client.updateStatus(FlowSchemas, next);
    } catch (error) {
      // Somebody wrote or removed it: that is another change, and another turn.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }
}

function dangling(level: string, exists: boolean): FlowSchemaCondition {
  const names = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  return exists
    ? { type: 'Dangling', status: 'False', reason: 'Found', message: `${names} and it exists` }
    : { type: 'Dangling', status: 'True', reason: 'NotFound', message: `${names} but there is no such object` };
}

/** Undefined when it says so already. */
function withCondition(schema: FlowSchema, wanted: FlowSchemaCondition, nowMs: number): FlowSchema | undefined {
  const conditions = schema.status?.conditions ?? [];
  const known = conditions.find((c) => c.type === wanted.type);
  if (known && known.status === wanted.status && known.message === wanted.message) return undefined;
  const time =
    known && known.status === wanted.status
      ? String(known.lastTransitionTime)
      : new Date(nowMs).toISOString().replace(/\.\d+/, '');
  const others = conditions.filter((c) => c.type !== wanted.type);
  return { ...schema, status: { conditions: [...others, { ...wanted, lastTransitionTime: time }] } };
}
