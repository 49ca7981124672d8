// Made by `npm run generate` from the files of this folder. Do not edit.
import certificateApproval_ from './certificate-approval.ts';
import certificateSigning_ from './certificate-signing.ts';
import certificateSubjectRestriction_ from './certificate-subject-restriction.ts';
import defaultIngressClass_ from './default-ingress-class.ts';
import defaultStorageClass_ from './default-storage-class.ts';
import defaultTolerationSeconds_ from './default-toleration-seconds.ts';
import limitRanger_ from './limit-ranger.ts';
import namespaceLifecycle_ from './namespace-lifecycle.ts';
import nodeRestriction_ from './node-restriction.ts';
import persistentVolumeClaimResize_ from './persistent-volume-claim-resize.ts';
import priority_ from './priority.ts';
import rbacEscalation_ from './rbac-escalation.ts';
import resourceQuota_ from './resource-quota.ts';
import runtimeClass_ from './runtime-class.ts';
import serviceAccount_ from './service-account.ts';
import storageObjectInUseProtection_ from './storage-object-in-use-protection.ts';
import taintNodesByCondition_ from './taint-nodes-by-condition.ts';
import type { AdmissionPlugin } from './types.ts';

const list: readonly AdmissionPlugin[] = [
  certificateApproval_,
  certificateSigning_,
  certificateSubjectRestriction_,
  defaultIngressClass_,
  defaultStorageClass_,
  defaultTolerationSeconds_,
  limitRanger_,
  namespaceLifecycle_,
  nodeRestriction_,
  persistentVolumeClaimResize_,
  priority_,
  rbacEscalation_,
  resourceQuota_,
  runtimeClass_,
  serviceAccount_,
  storageObjectInUseProtection_,
  taintNodesByCondition_,
];
export default list;
