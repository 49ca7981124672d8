// What the OpenAPI documents are made of: the served resources as plain data, and operations that both versions of the
// format are written from.
import type { GroupVersionKind } from '../../../api/types.ts';
import type { Schema } from '../../../api/schema/schema.ts';

export interface OpenApiSubresource {
  name: string;
  verbs: readonly string[];
  /** What its requests and answers are: `Scale`, `Eviction`, or the parent's own kind. */
  kind: GroupVersionKind;
}

export interface OpenApiResource extends GroupVersionKind {
  plural: string;
  listKind: string;
  namespaced: boolean;
  verbs: readonly string[];
  subresources: readonly OpenApiSubresource[];
  /** Without merge keys, as custom resources are: no strategic merge patch. */
  custom: boolean;
  /** Not made by a CustomResourceDefinition: its group and version are described too. */
  builtIn: boolean;
  /** Deleting one answers its last state. */
  returnsDeleted: boolean;
  /** Of custom resources and removed versions; the rest is found by group, version and kind. */
  schema?: Schema;
  /** Of custom resources: `spec.color`. */
  selectableFields?: readonly string[];
}

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

export interface Operation {
  path: string;
  method: Method;
  /** x-kubernetes-action: get, list, post, put, patch, delete, deletecollection, connect, watch, watchlist. */
  action?: string;
  kind?: GroupVersionKind;
  /** `apps_v1`. */
  tag: string;
  id: string;
  description: string;
  /** Of parameters.ts. */
  parameters: readonly string[];
  /** Those of the whole path, beside what stands in braces. */
  pathParameters: readonly string[];
  /** The definition of the request's body. */
  body?: string;
  bodyTypes: readonly string[];
  /** The definition of the answer, or TEXT. */
  answer: string;
  /** Media types of the answer; default: those of every object. */
  produces?: readonly string[];
  /** Status codes beside 401. */
  codes: readonly number[];
}

/** An answer that is no object: a log, or what a proxy brings. */
export const TEXT = '';
export const WATCH_EVENT = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent';
export const STATUS = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
export const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
export const PATCH = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
export const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
