// The parts of a CustomResourceDefinition (apiextensions.k8s.io/v1) that the server reads. Data only.
import type { Unstructured } from '../../../api/types.ts';
import type { ClientConfig } from '../../admission/webhook/client.ts';
import type { Names } from '../../../api/kinds/apiextensions/_types.ts';

export interface PrinterColumn {
  name: string;
  type: string;
  format?: string;
  description?: string;
  priority?: number;
  jsonPath: string;
}

export interface CrdScale {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

export interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: object };
  subresources?: {
    status?: object;
    scale?: CrdScale;
  };
  additionalPrinterColumns?: PrinterColumn[];
  selectableFields?: { jsonPath: string }[];
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}

export interface Crd extends Unstructured {
  spec: {
    group: string;
    names: Names;
    scope: 'Namespaced' | 'Cluster';
    versions: CrdVersion[];
    preserveUnknownFields?: boolean;
    conversion?: {
      strategy?: string;
      webhook?: { clientConfig?: ClientConfig; conversionReviewVersions?: string[] };
    };
  };
  status?: { conditions?: Condition[]; acceptedNames?: Names; storedVersions?: string[] };
}

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export function setCondition(crd: Crd, condition: Condition, nowIso: string): void {
  const status = (crd.status ??= {});
  const conditions = [...(status.conditions ?? [])];
  const at = conditions.findIndex((c) => c.type === condition.type);
  const before = conditions[at];
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime! : nowIso;
  const { type, status: value, reason, message } = condition;
  const next: Condition = { type, status: value, lastTransitionTime, reason: reason ?? '', message: message ?? '' };
  if (at < 0) conditions.push(next);
  else conditions[at] = next;
  status.conditions = conditions;
}

export const hasCondition = (crd: Crd, type: string, status: Condition['status']): boolean =>
  crd.status?.conditions?.some((c) => c.type === type && c.status === status) === true;
