// Made by `npm run generate` from the files of this folder. Do not edit.
import admissionregistrationMutatingwebhookconfiguration_ from './admissionregistration/mutatingwebhookconfiguration.ts';
import admissionregistrationValidatingadmissionpolicy_ from './admissionregistration/validatingadmissionpolicy.ts';
import admissionregistrationValidatingadmissionpolicybinding_ from './admissionregistration/validatingadmissionpolicybinding.ts';
import admissionregistrationValidatingwebhookconfiguration_ from './admissionregistration/validatingwebhookconfiguration.ts';
import apiextensionsCustomresourcedefinition_ from './apiextensions/customresourcedefinition.ts';
import apiregistrationApiservice_ from './apiregistration/apiservice.ts';
import appsControllerrevision_ from './apps/controllerrevision.ts';
import appsDaemonset_ from './apps/daemonset.ts';
import appsDeployment_ from './apps/deployment.ts';
import appsReplicaset_ from './apps/replicaset.ts';
import appsStatefulset_ from './apps/statefulset.ts';
import authenticationSelfsubjectreview_ from './authentication/selfsubjectreview.ts';
import authenticationTokenreview_ from './authentication/tokenreview.ts';
import authorizationLocalsubjectaccessreview_ from './authorization/localsubjectaccessreview.ts';
import authorizationSelfsubjectaccessreview_ from './authorization/selfsubjectaccessreview.ts';
import authorizationSelfsubjectrulesreview_ from './authorization/selfsubjectrulesreview.ts';
import authorizationSubjectaccessreview_ from './authorization/subjectaccessreview.ts';
import autoscalingHorizontalpodautoscaler_ from './autoscaling/horizontalpodautoscaler.ts';
import batchCronjob_ from './batch/cronjob.ts';
import batchJob_ from './batch/job.ts';
import certificatesCertificatesigningrequest_ from './certificates/certificatesigningrequest.ts';
import coordinationLease_ from './coordination/lease.ts';
import coreBinding_ from './core/binding.ts';
import coreComponentstatus_ from './core/componentstatus.ts';
import coreConfigmap_ from './core/configmap.ts';
import coreEndpoints_ from './core/endpoints.ts';
import coreEvent_ from './core/event.ts';
import coreLimitrange_ from './core/limitrange.ts';
import coreNamespace_ from './core/namespace.ts';
import coreNode_ from './core/node.ts';
import corePersistentvolume_ from './core/persistentvolume.ts';
import corePersistentvolumeclaim_ from './core/persistentvolumeclaim.ts';
import corePod_ from './core/pod.ts';
import corePodtemplate_ from './core/podtemplate.ts';
import coreReplicationcontroller_ from './core/replicationcontroller.ts';
import coreResourcequota_ from './core/resourcequota.ts';
import coreSecret_ from './core/secret.ts';
import coreService_ from './core/service.ts';
import coreServiceaccount_ from './core/serviceaccount.ts';
import discoveryEndpointslice_ from './discovery/endpointslice.ts';
import flowcontrolFlowschema_ from './flowcontrol/flowschema.ts';
import flowcontrolPrioritylevelconfiguration_ from './flowcontrol/prioritylevelconfiguration.ts';
import metricsNodemetrics_ from './metrics/nodemetrics.ts';
import metricsPodmetrics_ from './metrics/podmetrics.ts';
import networkingIngress_ from './networking/ingress.ts';
import networkingIngressclass_ from './networking/ingressclass.ts';
import networkingIpaddress_ from './networking/ipaddress.ts';
import networkingNetworkpolicy_ from './networking/networkpolicy.ts';
import networkingServicecidr_ from './networking/servicecidr.ts';
import nodeRuntimeclass_ from './node/runtimeclass.ts';
import policyPoddisruptionbudget_ from './policy/poddisruptionbudget.ts';
import rbacClusterrole_ from './rbac/clusterrole.ts';
import rbacClusterrolebinding_ from './rbac/clusterrolebinding.ts';
import rbacRole_ from './rbac/role.ts';
import rbacRolebinding_ from './rbac/rolebinding.ts';
import resourceDeviceclass_ from './resource/deviceclass.ts';
import resourceResourceclaim_ from './resource/resourceclaim.ts';
import resourceResourceclaimtemplate_ from './resource/resourceclaimtemplate.ts';
import resourceResourceslice_ from './resource/resourceslice.ts';
import schedulingPriorityclass_ from './scheduling/priorityclass.ts';
import storageCsidriver_ from './storage/csidriver.ts';
import storageCsinode_ from './storage/csinode.ts';
import storageCsistoragecapacity_ from './storage/csistoragecapacity.ts';
import storageStorageclass_ from './storage/storageclass.ts';
import storageVolumeattachment_ from './storage/volumeattachment.ts';
import storageVolumeattributesclass_ from './storage/volumeattributesclass.ts';
import type { AnyKind } from '../kind.ts';

const list: readonly AnyKind[] = [
  admissionregistrationMutatingwebhookconfiguration_,
  admissionregistrationValidatingadmissionpolicy_,
  admissionregistrationValidatingadmissionpolicybinding_,
  admissionregistrationValidatingwebhookconfiguration_,
  apiextensionsCustomresourcedefinition_,
  apiregistrationApiservice_,
  appsControllerrevision_,
  appsDaemonset_,
  appsDeployment_,
  appsReplicaset_,
  appsStatefulset_,
  authenticationSelfsubjectreview_,
  authenticationTokenreview_,
  authorizationLocalsubjectaccessreview_,
  authorizationSelfsubjectaccessreview_,
  authorizationSelfsubjectrulesreview_,
  authorizationSubjectaccessreview_,
  autoscalingHorizontalpodautoscaler_,
  batchCronjob_,
  batchJob_,
  certificatesCertificatesigningrequest_,
  coordinationLease_,
  coreBinding_,
  coreComponentstatus_,
  coreConfigmap_,
  coreEndpoints_,
  coreEvent_,
  coreLimitrange_,
  coreNamespace_,
  coreNode_,
  corePersistentvolume_,
  corePersistentvolumeclaim_,
  corePod_,
  corePodtemplate_,
  coreReplicationcontroller_,
  coreResourcequota_,
  coreSecret_,
  coreService_,
  coreServiceaccount_,
  discoveryEndpointslice_,
  flowcontrolFlowschema_,
  flowcontrolPrioritylevelconfiguration_,
  metricsNodemetrics_,
  metricsPodmetrics_,
  networkingIngress_,
  networkingIngressclass_,
  networkingIpaddress_,
  networkingNetworkpolicy_,
  networkingServicecidr_,
  nodeRuntimeclass_,
  policyPoddisruptionbudget_,
  rbacClusterrole_,
  rbacClusterrolebinding_,
  rbacRole_,
  rbacRolebinding_,
  resourceDeviceclass_,
  resourceResourceclaim_,
  resourceResourceclaimtemplate_,
  resourceResourceslice_,
  schedulingPriorityclass_,
  storageCsidriver_,
  storageCsinode_,
  storageCsistoragecapacity_,
  storageStorageclass_,
  storageVolumeattachment_,
  storageVolumeattributesclass_,
];
export default list;
