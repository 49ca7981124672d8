// The index of pods by the node that they are bound to.
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { Informer, Lister } from '../../../client/informer.ts';

const INDEX = 'node';

/** Safe to call many times. */
export const indexByNode = (pods: Informer<Pod>): void =>
  pods.addIndex(INDEX, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));

/** Needs indexByNode. */
export const podsOnNode = (pods: Lister<Pod>, node: string): Pod[] => pods.byIndex(INDEX, node);
