// Made by `npm run generate` from the files of this folder. Do not edit.
import defaultBinder_ from './default-binder.ts';
import defaultPreemption_ from './default-preemption.ts';
import imageLocality_ from './image-locality.ts';
import interPodAffinity_ from './inter-pod-affinity.ts';
import nodeAffinity_ from './node-affinity.ts';
import nodeName_ from './node-name.ts';
import nodePorts_ from './node-ports.ts';
import nodeResourcesBalancedAllocation_ from './node-resources-balanced-allocation.ts';
import nodeResourcesFit_ from './node-resources-fit.ts';
import nodeUnschedulable_ from './node-unschedulable.ts';
import nodeVolumeLimits_ from './node-volume-limits.ts';
import podTopologySpread_ from './pod-topology-spread.ts';
import prioritySort_ from './priority-sort.ts';
import schedulingGates_ from './scheduling-gates.ts';
import taintToleration_ from './taint-toleration.ts';
import volumeBinding_ from './volume-binding.ts';
import volumeRestrictions_ from './volume-restrictions.ts';
import volumeZone_ from './volume-zone.ts';
import type { AnyPlugin } from '../framework.ts';

const list: readonly AnyPlugin[] = [
  defaultBinder_,
  defaultPreemption_,
  imageLocality_,
  interPodAffinity_,
  nodeAffinity_,
  nodeName_,
  nodePorts_,
  nodeResourcesBalancedAllocation_,
  nodeResourcesFit_,
  nodeUnschedulable_,
  nodeVolumeLimits_,
  podTopologySpread_,
  prioritySort_,
  schedulingGates_,
  taintToleration_,
  volumeBinding_,
  volumeRestrictions_,
  volumeZone_,
];
export default list;
