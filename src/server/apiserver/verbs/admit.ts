// Runs the admission plugins over one operation: all `admit` first, in phase order, then all `validate`.
// Upstream: apiserver/pkg/admission/chain.go. Which plugins there are is the caller's business.
import { parseDuration } from '../../../api/duration.ts';
import { badRequest } from '../../../api/status.ts';
import type { GroupVersionKind, Unstructured } from '../../../api/types.ts';
import type { AdmissionPlugin, AdmissionRequest, Operation, Reservation } from '../../admission/types.ts';
import { encodeStored } from '../cache/encoding.ts';
import { registryPrefix } from '../cache/feed.ts';
import type { RequestContext, Server } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { admittedVersions } from './admitted-versions.ts';
import { type Extras, keyOf } from './commit.ts';

const PHASES = ['early', 'mutating', 'webhook', 'validating', 'quota'] as const;

export function inPhaseOrder(plugins: readonly AdmissionPlugin[]): AdmissionPlugin[] {
  return [...plugins].sort((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase));
}

export interface AdmissionInput {
  operation: Operation;
  name: string;
  /** Default: that of the request. */
  namespace?: string;
  subresource: string;
  /** CONNECT: what the options of the connection are: `PodExecOptions`. */
  connect?: GroupVersionKind;
  object?: Unstructured;
  oldObject?: Unstructured;
  options: Readonly<Record<string, unknown>>;
  dryRun: boolean;
  /** No plugin is asked. */
  unseen?: boolean;
}

/** The query's `timeout`. Upstream: apiserver/pkg/endpoints/filters/request_deadline.go, which refuses what is none. */
function deadlineOf({ request, server }: RequestContext): { deadlineMs?: number } {
  const text = request.query.size > 0 ? request.query.get('timeout') : null;
  if (!text) return {};
  let timeoutMs: number;
  try {
    timeoutMs = parseDuration(text);
  } catch (error) {
    throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`);
  }
  return timeoutMs > 0 ? { deadlineMs: server.now() + timeoutMs } : {};
}

export class Admission {
  readonly #request: AdmissionRequest;
  readonly #server: Server;
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(context: RequestContext, endpoint: Endpoint, input: AdmissionInput) {
    const { definition } = endpoint.kind;
    this.#server = context.server;
    this.#request = {
      operation: input.operation,
      kind: { ...definition.storage, kind: definition.kind },
      resource: { group: endpoint.group, version: endpoint.version, resource: endpoint.plural },
      subresource: input.subresource,
      namespace: input.namespace ?? context.info.namespace,
      name: input.name,
      user: context.user,
      options: input.options,
      dryRun: input.dryRun,
      versions: () => admittedVersions(context, endpoint, input.subresource, input.connect),
      reinvocation: { again: false, wanted: false, memory: new Map() },
      get signal() {
        return context.request.signal;
      },
      warn: (message) => void context.warnings.push(message),
      ...deadlineOf(context),
      ...(input.object ? { object: input.object } : {}),
      ...(input.oldObject ? { oldObject: input.oldObject } : {}),
    };
    const { admission } = context.server.options;
    this.#plugins = input.unseen ? [] : admission.filter((plugin) => plugin.handles(this.#request));
  }

  /** True: a plugin may have changed the object. A second round shows to all what the webhooks changed. */
  async mutate(): Promise<boolean> {
    const asked = await this.#round();
    const { reinvocation } = this.#request;
    if (!reinvocation.wanted) return asked;
    reinvocation.again = true;
    return this.#round();
  }

  async #round(): Promise<boolean> {
    let asked = false;
    for (const plugin of this.#plugins) {
      if (!plugin.admit) continue;
      asked = true;
      const pending = plugin.admit(this.#request, this.#server.admission);
      if (pending) await pending;
    }
    return asked;
  }

  /** `object` is the draft as it is about to be stored, with its final name. */
  async validate(object?: Unstructured): Promise<void> {
    if (this.#plugins.length === 0) return;
    if (object) {
      this.#request.object = object;
      this.#request.name = object.metadata.name ?? this.#request.name;
    }
    for (const plugin of this.#plugins)
      if (plugin.validate) await plugin.validate(this.#request, this.#server.admission);
  }

  /** What plug-ins want to be part of the transaction of the object that `validate` saw. The caller settles it. */
  reserve(extras: Extras): Promise<void> | void {
    for (const [i, plugin] of this.#plugins.entries()) {
      const reserved = plugin.reserve?.(this.#request, this.#server.admission);
      if (reserved) return this.#reserve(reserved, this.#plugins.slice(i + 1), extras);
    }
  }

  async #reserve(
    first: Promise<Reservation | undefined> | Reservation,
    others: readonly AdmissionPlugin[],
    extras: Extras,
  ): Promise<void> {
    const reservation = await first;
    if (reservation) add(extras, reservation);
    for (const plugin of others) {
      const more = await plugin.reserve?.(this.#request, this.#server.admission);
      if (more) add(extras, more);
    }
  }
}

function add(extras: Extras, reservation: Reservation): void {
  const { handed, settle } = extras;
  extras.handed = () => {
    handed?.();
    reservation.handed?.();
  };
  extras.settle = (revision) => {
    settle?.(revision);
    reservation.settle(revision);
  };
  for (const { type, old, next } of reservation.replacements) {
    const { namespace = '', name = '', resourceVersion } = old.metadata ?? {};
    const key = registryPrefix(type.group, type.plural) + keyOf(namespace, name);
    const compare = resourceVersion
      ? { modRevision: Number(resourceVersion) }
      : { value: encodeStored(old as Unstructured) };
    extras.compares.push({ key, ...compare });
    extras.operations.push({ put: { key, value: encodeStored(next as Unstructured) } });
  }
}
