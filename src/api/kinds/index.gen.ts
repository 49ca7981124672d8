// Made by `npm run generate` from the files of this folder. Do not edit.
import apiextensionsCustomresourcedefinition_ from './apiextensions/customresourcedefinition.ts';
import appsDeployment_ from './apps/deployment.ts';
import appsReplicaset_ from './apps/replicaset.ts';
import authenticationSelfsubjectreview_ from './authentication/selfsubjectreview.ts';
import authenticationTokenreview_ from './authentication/tokenreview.ts';
import authorizationLocalsubjectaccessreview_ from './authorization/localsubjectaccessreview.ts';
import authorizationSelfsubjectaccessreview_ from './authorization/selfsubjectaccessreview.ts';
import authorizationSelfsubjectrulesreview_ from './authorization/selfsubjectrulesreview.ts';
import authorizationSubjectaccessreview_ from './authorization/subjectaccessreview.ts';
import certificatesCertificatesigningrequest_ from './certificates/certificatesigningrequest.ts';
import coordinationLease_ from './coordination/lease.ts';
import coreBinding_ from './core/binding.ts';
import coreConfigmap_ from './core/configmap.ts';
import coreEndpoints_ from './core/endpoints.ts';
import coreEvent_ from './core/event.ts';
import coreNamespace_ from './core/namespace.ts';
import coreNode_ from './core/node.ts';
import corePod_ from './core/pod.ts';
import coreSecret_ from './core/secret.ts';
import coreService_ from './core/service.ts';
import coreServiceaccount_ from './core/serviceaccount.ts';
import discoveryEndpointslice_ from './discovery/endpointslice.ts';
import rbacClusterrole_ from './rbac/clusterrole.ts';
import rbacClusterrolebinding_ from './rbac/clusterrolebinding.ts';
import rbacRole_ from './rbac/role.ts';
import rbacRolebinding_ from './rbac/rolebinding.ts';

export default [
  apiextensionsCustomresourcedefinition_,
  appsDeployment_,
  appsReplicaset_,
  authenticationSelfsubjectreview_,
  authenticationTokenreview_,
  authorizationLocalsubjectaccessreview_,
  authorizationSelfsubjectaccessreview_,
  authorizationSelfsubjectrulesreview_,
  authorizationSubjectaccessreview_,
  certificatesCertificatesigningrequest_,
  coordinationLease_,
  coreBinding_,
  coreConfigmap_,
  coreEndpoints_,
  coreEvent_,
  coreNamespace_,
  coreNode_,
  corePod_,
  coreSecret_,
  coreService_,
  coreServiceaccount_,
  discoveryEndpointslice_,
  rbacClusterrole_,
  rbacClusterrolebinding_,
  rbacRole_,
  rbacRolebinding_,
] as const;
