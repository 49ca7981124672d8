// How a simulated pod behaves, declared as data: on the pod (annotation or label `sampan.io/simulate`) or by rules that
// select pods. The text is a comma list: `succeed-after=1s`, `fail-after=500ms,exit=3`, `ready-after=2s`,
// `never-ready`, `terminate-after=1s`, `backoff=1s`; `usage=` and `load=` are in api/simulated-usage.ts. Nothing is
// guessed from commands or images.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { parseDuration } from '../../api/duration.ts';
import { parseSelector, type Selector } from '../../api/selector.ts';
import { SIMULATE, parseUsage } from '../../api/simulated-usage.ts';

export { SIMULATE };

export interface Behaviour {
  /** Every container ends so long after its start; absent: runs until it is deleted. */
  endAfterMs?: number;
  exitCode: number;
  /** Time from start to readiness; Infinity: never. */
  readyAfterMs: number;
  /** Time from the request to delete until the pod is gone. */
  terminateAfterMs: number;
  /** First delay of a restart; doubles up to 300 s. */
  backoffMs: number;
}

export interface SimulationRule {
  /** A label selector; absent: all pods. */
  selector?: string;
  /** Annotations that must be there with these values. */
  annotations?: Readonly<Record<string, string>>;
  namespace?: string;
  /** In the grammar of the annotation. */
  simulate: string;
}

const DEFAULT: Behaviour = { exitCode: 0, readyAfterMs: 0, terminateAfterMs: 0, backoffMs: 10_000 };

/** Throws an Error that names the bad part. */
export function parseBehaviour(text: string): Behaviour {
  const behaviour = { ...DEFAULT };
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    switch (name) {
      case 'succeed-after':
        behaviour.endAfterMs = parseDuration(value);
        break;
      case 'fail-after':
        behaviour.endAfterMs = parseDuration(value);
        behaviour.exitCode ||= 1;
        break;
      case 'exit':
        if (!/^\d{1,3}$/.test(value)) throw new Error(`${SIMULATE}: bad exit code "${value}"`);
        behaviour.exitCode = Number(value);
        break;
      case 'ready-after':
        behaviour.readyAfterMs = parseDuration(value);
        break;
      case 'never-ready':
        behaviour.readyAfterMs = Infinity;
        break;
      case 'terminate-after':
        behaviour.terminateAfterMs = parseDuration(value);
        break;
      case 'backoff':
        behaviour.backoffMs = parseDuration(value);
        break;
      case 'usage':
      case 'load':
        // The API server hears it from the pod: it is who answers for metrics.
        parseUsage(name, value);
        break;
      default:
        throw new Error(`${SIMULATE}: unknown behaviour "${part.trim()}"`);
    }
  }
  return behaviour;
}

interface CompiledRule {
  selector: Selector | undefined;
  annotations: [string, string][];
  namespace: string | undefined;
  behaviour: Behaviour;
}

/** Answers each pod's behaviour: its own, else the first rule's that selects it. A bad annotation is the default. */
export function behaviours(rules: readonly SimulationRule[] = []): (pod: Pod) => Behaviour {
  const compiled: CompiledRule[] = rules.map(({ selector, annotations, namespace, simulate }) => ({
    selector: selector === undefined ? undefined : parseSelector(selector),
    annotations: Object.entries(annotations ?? {}),
    namespace,
    behaviour: parseBehaviour(simulate),
  }));
  const parsed = new Map<string, Behaviour>();
  const ofText = (text: string): Behaviour => {
    let behaviour = parsed.get(text);
    if (!behaviour) {
      try {
        behaviour = parseBehaviour(text);
      } catch {
        behaviour = DEFAULT;
      }
      if (parsed.size > 1000) parsed.clear();
      parsed.set(text, behaviour);
    }
    return behaviour;
  };
  return (pod) => {
    const { annotations, labels, namespace } = pod.metadata ?? {};
    const own = annotations?.[SIMULATE] ?? labels?.[SIMULATE];
    if (own !== undefined) return ofText(own);
    const rule = compiled.find(
      (r) =>
        (r.namespace === undefined || r.namespace === namespace) &&
        (r.selector?.matches(labels) ?? true) &&
        r.annotations.every(([key, value]) => annotations?.[key] === value),
    );
    return rule?.behaviour ?? DEFAULT;
  };
}
