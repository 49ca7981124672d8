// What pods on simulated nodes use, as they declare it themselves in `sampan.io/simulate`: there is nothing to measure.
// The other words of that text are the simulation's (node/simulated/rules.ts). No I/O.
//   usage=250m/64Mi   each container uses that much CPU and memory; memory may be left out
//   load=1200m        so much CPU in all, shared by the running pods of the same controller
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { quantityMillis, quantityNumber } from './quantity.ts';

export const SIMULATE = 'sampan.io/simulate';
/** On the Node. */
export const SIMULATED = 'sampan.io/simulated';

export interface SimulatedUsage {
  /** Cores and bytes of each container. */
  cpu?: number;
  memory?: number;
  /** Cores of all pods together. */
  load?: number;
}

/** Of a container that says nothing. */
const IDLE = { cpu: 0.001, memory: 8 << 20 };

export const isSimulated = (node: Node | undefined): boolean => node?.metadata?.annotations?.[SIMULATED] === 'true';

const cores = (text: string): number => quantityMillis(text) / 1000;

/** One word's value. Throws for what is no quantity. */
export function parseUsage(name: 'usage' | 'load', value: string): SimulatedUsage {
  if (name === 'load') return { load: cores(value) };
  const [cpu = '', memory] = value.split('/', 2);
  return { cpu: cores(cpu), ...(memory === undefined ? {} : { memory: quantityNumber(memory) }) };
}

/** Absent and unreadable: idle. */
export function declaredUsage({ metadata }: Pod): SimulatedUsage {
  const text = metadata?.annotations?.[SIMULATE] ?? metadata?.labels?.[SIMULATE] ?? '';
  const usage: SimulatedUsage = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    if (name !== 'usage' && name !== 'load') continue;
    try {
      Object.assign(usage, parseUsage(name, value));
    } catch {
      // The simulation takes a bad text for none as well.
    }
  }
  return usage;
}

/** Of each container of a running pod; `peers`: how many running pods share its load, itself one of them. */
export function simulatedUsage(pod: Pod, peers: number): { cpu: number; memory: number } {
  const { cpu = IDLE.cpu, memory = IDLE.memory, load } = declaredUsage(pod);
  if (load === undefined) return { cpu, memory };
  const containers = Math.max(1, pod.spec?.containers.length ?? 1);
  return { cpu: load / Math.max(1, peers) / containers, memory };
}
