// Made by `npm run generate` from the files of this folder. Do not edit.
import certificateApproval_ from './certificate-approval.ts';
import certificateSigning_ from './certificate-signing.ts';
import certificateSubjectRestriction_ from './certificate-subject-restriction.ts';
import defaultTolerationSeconds_ from './default-toleration-seconds.ts';
import limitRanger_ from './limit-ranger.ts';
import namespaceLifecycle_ from './namespace-lifecycle.ts';
import nodeRestriction_ from './node-restriction.ts';
import priority_ from './priority.ts';
import rbacEscalation_ from './rbac-escalation.ts';
import resourceQuota_ from './resource-quota.ts';
import runtimeClass_ from './runtime-class.ts';
import serviceAccount_ from './service-account.ts';
import taintNodesByCondition_ from './taint-nodes-by-condition.ts';
import type { AdmissionPlugin } from './types.ts';

const list: readonly AdmissionPlugin[] = [
  certificateApproval_,
  certificateSigning_,
  certificateSubjectRestriction_,
  defaultTolerationSeconds_,
  limitRanger_,
  namespaceLifecycle_,
  nodeRestriction_,
  priority_,
  rbacEscalation_,
  resourceQuota_,
  runtimeClass_,
  serviceAccount_,
  taintNodesByCondition_,
];
export default list;
