// Runs the admission plugins over one operation: all `admit` first, in phase order, then all `validate`.
// Upstream: apiserver/pkg/admission/chain.go. Which plugins there are is the caller's business.
import { parseDuration } from '../../../api/duration.ts';
import { badRequest } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { AdmissionPlugin, AdmissionRequest, Reservation } from '../../admission/types.ts';
import { encodeStored } from '../cache/encoding.ts';
import { registryPrefix } from '../cache/feed.ts';
import type { RequestContext, Server } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { type AdmissionInput, AdmittedRequest } from './admitted-request.ts';
import { type Extras, keyOf } from './commit.ts';

const PHASES = ['early', 'mutating', 'webhook', 'validating', 'quota'] as const;

export function inPhaseOrder(plugins: readonly AdmissionPlugin[]): AdmissionPlugin[] {
  return [...plugins].sort((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase));
}

/** The query's `timeout`. Upstream: apiserver/pkg/endpoints/filters/request_deadline.go, which refuses what is none. */
function deadlineOf({ request, server }: RequestContext): number | undefined {
  const text = request.query.size > 0 ? request.query.get('timeout') : null;
  if (!text) return undefined;
  let timeoutMs: number;
  try {
    timeoutMs = parseDuration(text);
  } catch (error) {
    throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`);
  }
  return timeoutMs > 0 ? server.now() + timeoutMs : undefined;
}

export class Admission {
  readonly #request: AdmissionRequest;
  readonly #server: Server;
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(context: RequestContext, endpoint: Endpoint, input: AdmissionInput) {
    this.#server = context.server;
    this.#request = new AdmittedRequest(context, endpoint, input);
    const deadlineMs = deadlineOf(context);
    if (deadlineMs !== undefined) this.#request.deadlineMs = deadlineMs;
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
