// Made by `npm run generate` from the files of this folder. Do not edit.
import clusterroleAggregation_ from './clusterrole-aggregation.ts';
import cronjob_ from './cronjob.ts';
import csrapproving_ from './csrapproving.ts';
import csrcleaner_ from './csrcleaner.ts';
import csrsigning_ from './csrsigning.ts';
import daemonset_ from './daemonset.ts';
import deployment_ from './deployment.ts';
import disruption_ from './disruption.ts';
import endpoint_ from './endpoint.ts';
import endpointslice_ from './endpointslice.ts';
import endpointslicemirroring_ from './endpointslicemirroring.ts';
import ephemeralVolume_ from './ephemeral-volume.ts';
import garbageCollector_ from './garbage-collector.ts';
import horizontalPodAutoscaler_ from './horizontal-pod-autoscaler.ts';
import hostPathProvisioner_ from './host-path-provisioner.ts';
import job_ from './job.ts';
import namespace_ from './namespace.ts';
import nodeIpam_ from './node-ipam.ts';
import nodeLifecycle_ from './node-lifecycle.ts';
import persistentVolumeBinder_ from './persistent-volume-binder.ts';
import podGarbageCollector_ from './pod-garbage-collector.ts';
import pvProtection_ from './pv-protection.ts';
import pvcProtection_ from './pvc-protection.ts';
import replicaset_ from './replicaset.ts';
import replication_ from './replication.ts';
import resourcequota_ from './resourcequota.ts';
import rootCaCertPublisher_ from './root-ca-cert-publisher.ts';
import serviceAccountToken_ from './service-account-token.ts';
import serviceAccount_ from './service-account.ts';
import serviceCidrs_ from './service-cidrs.ts';
import serviceLb_ from './service-lb.ts';
import statefulset_ from './statefulset.ts';
import taintEviction_ from './taint-eviction.ts';
import tokencleaner_ from './tokencleaner.ts';
import ttlAfterFinished_ from './ttl-after-finished.ts';
import type { ControllerExport } from './_types.ts';

const list: readonly ControllerExport[] = [
  clusterroleAggregation_,
  cronjob_,
  csrapproving_,
  csrcleaner_,
  csrsigning_,
  daemonset_,
  deployment_,
  disruption_,
  endpoint_,
  endpointslice_,
  endpointslicemirroring_,
  ephemeralVolume_,
  garbageCollector_,
  horizontalPodAutoscaler_,
  hostPathProvisioner_,
  job_,
  namespace_,
  nodeIpam_,
  nodeLifecycle_,
  persistentVolumeBinder_,
  podGarbageCollector_,
  pvProtection_,
  pvcProtection_,
  replicaset_,
  replication_,
  resourcequota_,
  rootCaCertPublisher_,
  serviceAccountToken_,
  serviceAccount_,
  serviceCidrs_,
  serviceLb_,
  statefulset_,
  taintEviction_,
  tokencleaner_,
  ttlAfterFinished_,
];
export default list;
