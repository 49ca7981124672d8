// The one schema type: built-in kinds get it from generated data, custom resources from their CRD. Walkers (prune,
// defaults, strict fields, patches, apply, explain, OpenAPI) know only this. A mirror of OpenAPI v3 with
// Kubernetes' extensions, their `x-kubernetes-` prefix dropped.
import type { Json } from '../types.ts';

export interface Schema {
  /** Absent: any value (RawExtension), or int-or-string. */
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  format?: string;
  description?: string;
  /** A definition's upstream name (`io.k8s.api.core.v1.PodSpec`); resolve with `SchemaSource.definition`. */
  ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  /** A map's values. */
  additionalProperties?: Schema | boolean;
  default?: Json;
  /** What Go prints for this field of an empty object ({} for a struct held by value); absent when it is left out. */
  zero?: Json;
  enum?: Json[];
  nullable?: boolean;
  listType?: 'atomic' | 'set' | 'map';
  listMapKeys?: string[];
  mapType?: 'atomic' | 'granular';
  /** Strategic merge: `merge`, `replace`, `retainKeys`, or `merge,retainKeys`. */
  patchStrategy?: string;
  patchMergeKey?: string;
  intOrString?: boolean;
  preserveUnknownFields?: boolean;
  embeddedResource?: boolean;
  /** Value rules of custom resources. */
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  validations?: {
    rule: string;
    message?: string;
    messageExpression?: string;
    reason?: string;
    fieldPath?: string;
    optionalOldSelf?: boolean;
  }[];
}

export interface SchemaSource {
  /** A definition by its upstream name; undefined when unknown. */
  definition(name: string): Schema | undefined;
  /** The schema of a kind at a version; undefined when unknown. */
  forKind(group: string, version: string, kind: string): Schema | undefined;
}
