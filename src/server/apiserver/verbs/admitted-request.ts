// What admission plug-ins are shown of one request. A class, since one is made for every write and few plug-ins ask for
// what takes work to make.
import type { Unstructured, GroupVersionKind } from '../../../api/types.ts';
import type {
  AdmissionRequest,
  AdmittedVersions,
  GroupVersionResource,
  Operation,
  Reinvocation,
} from '../../admission/types.ts';
import type { User } from '../../../wire/http.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { admittedVersions } from './admitted-versions.ts';

export interface AdmissionInput {
  operation: Operation;
  name: string;
  /** Default: that of the request. */
  namespace?: string;
  subresource: string;
  /** CONNECT: what the options of the connection are: `PodExecOptions`. */
  connect?: GroupVersionKind;
  object?: Unstructured;
  /** A function: few plug-ins ask for it. */
  oldObject?: Unstructured | (() => Unstructured);
  options: Readonly<Record<string, unknown>>;
  dryRun: boolean;
  /** No plugin is asked. */
  unseen?: boolean;
}

export class AdmittedRequest implements AdmissionRequest {
  readonly operation: Operation;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subresource: string;
  readonly namespace: string;
  name: string;
  readonly user: User;
  object?: Unstructured;
  readonly options: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  deadlineMs?: number;
  readonly reinvocation: Reinvocation = { again: false, wanted: false, memory: new Map() };
  readonly #context: RequestContext;
  readonly #endpoint: Endpoint;
  readonly #connect: GroupVersionKind | undefined;
  #oldObject: AdmissionInput['oldObject'];

  constructor(context: RequestContext, endpoint: Endpoint, input: AdmissionInput) {
    const { definition } = endpoint.kind;
    this.#context = context;
    this.#endpoint = endpoint;
    this.#connect = input.connect;
    this.operation = input.operation;
    this.kind = { group: definition.storage.group, version: definition.storage.version, kind: definition.kind };
    this.resource = { group: endpoint.group, version: endpoint.version, resource: endpoint.plural };
    this.subresource = input.subresource;
    this.namespace = input.namespace ?? context.info.namespace;
    this.name = input.name;
    this.user = context.user;
    this.options = input.options;
    this.dryRun = input.dryRun;
    if (input.object) this.object = input.object;
    this.#oldObject = input.oldObject;
  }

  get oldObject(): Unstructured | undefined {
    if (typeof this.#oldObject === 'function') this.#oldObject = this.#oldObject();
    return this.#oldObject;
  }

  get signal(): AbortSignal {
    return this.#context.request.signal;
  }

  versions(): AdmittedVersions {
    return admittedVersions(this.#context, this.#endpoint, this.subresource, this.#connect);
  }

  warn(message: string): void {
    this.#context.warnings.push(message);
  }
}
