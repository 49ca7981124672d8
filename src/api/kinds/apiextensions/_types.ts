// The parts of a CustomResourceDefinition that its own rules read. Data only.
import type { KubeObject } from '../../types.ts';

export interface Names {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface PrinterColumn {
  name?: string;
  type?: string;
  format?: string;
  description?: string;
  priority?: number;
  jsonPath?: string;
}

export interface Subresources {
  status?: object;
  scale?: { specReplicasPath?: string; statusReplicasPath?: string; labelSelectorPath?: string };
}

export interface Version {
  name: string;
  served?: boolean;
  storage?: boolean;
  schema?: { openAPIV3Schema?: object };
  subresources?: Subresources;
  additionalPrinterColumns?: PrinterColumn[];
  selectableFields?: { jsonPath?: string }[];
  deprecated?: boolean;
  deprecationWarning?: string;
}

export interface Conversion {
  strategy?: string;
  webhook?: {
    conversionReviewVersions?: string[];
    clientConfig?: {
      url?: string;
      service?: { name?: string; namespace?: string; path?: string; port?: number };
      caBundle?: string;
    };
  };
}

export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    names: Names;
    scope: string;
    versions: Version[];
    preserveUnknownFields?: boolean;
    conversion?: Conversion;
  };
  status?: {
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
    acceptedNames?: Partial<Names>;
    storedVersions?: string[];
  };
}

export const isEstablished = (crd: CustomResourceDefinition): boolean =>
  crd.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') === true;
