// The webhooks of all configurations, compiled once per change, in the order in which they are called. Fed by the watch
// cache; a request only looks at the list. Upstream: admission/configuration/{mutating,validating}_webhook_manager.go.
import type { KubeObject, ResourceType } from '../../../api/types.ts';
import { type LabelSelector, type Selector, selectorFromObject } from '../../../api/selector.ts';
import { type CompiledConditions, type MatchCondition, compileConditions } from './conditions.ts';
import type { ClientConfig } from './client.ts';

export interface Rule {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  scope?: string;
}

/** A webhook as the configuration says it, in admissionregistration.k8s.io/v1. */
export interface WebhookSpec {
  name: string;
  clientConfig: ClientConfig;
  rules?: Rule[];
  failurePolicy?: string;
  matchPolicy?: string;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  sideEffects?: string;
  timeoutSeconds?: number;
  admissionReviewVersions?: string[];
  reinvocationPolicy?: string;
  matchConditions?: MatchCondition[];
}

export interface WebhookConfiguration extends KubeObject {
  webhooks?: WebhookSpec[];
}

export interface Hook {
  /** Unique among all webhooks of all configurations. */
  uid: string;
  spec: WebhookSpec;
  ignoresFailures: boolean;
  namespaceSelector: Selector;
  objectSelector: Selector;
  conditions: CompiledConditions | undefined;
}

/** As ApiServer.observe. */
export type Observe = <T extends KubeObject>(
  type: ResourceType<T>,
  onChange: (object: T | undefined, old: T | undefined) => void,
) => () => void;

export class Hooks {
  readonly #type: ResourceType<WebhookConfiguration>;
  readonly #byConfiguration = new Map<string, Hook[]>();
  #sorted: readonly Hook[] = [];

  constructor(kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration') {
    const plural = `${kind.toLowerCase()}s`;
    this.#type = { group: 'admissionregistration.k8s.io', version: 'v1', plural, kind, namespaced: false };
  }

  /** In the order of their configurations' names, and within one as it lists them. */
  get all(): readonly Hook[] {
    return this.#sorted;
  }

  follow(observe: Observe): () => void {
    return observe(this.#type, (configuration, old) => {
      const name = (configuration ?? old)?.metadata?.name ?? '';
      if (configuration) this.#byConfiguration.set(name, compile(configuration));
      else this.#byConfiguration.delete(name);
      const names = [...this.#byConfiguration.keys()].sort();
      this.#sorted = names.flatMap((n) => this.#byConfiguration.get(n)!);
    });
  }
}

function compile({ metadata, webhooks = [] }: WebhookConfiguration): Hook[] {
  const seen = new Map<string, number>();
  return webhooks.map((spec) => {
    const count = seen.get(spec.name) ?? 0;
    seen.set(spec.name, count + 1);
    return {
      uid: `${metadata?.name ?? ''}/${spec.name}/${count}`,
      spec,
      ignoresFailures: spec.failurePolicy === 'Ignore',
      namespaceSelector: selectorFromObject(spec.namespaceSelector ?? {}),
      objectSelector: selectorFromObject(spec.objectSelector ?? {}),
      conditions: spec.matchConditions?.length
        ? compileConditions(spec.matchConditions, spec.failurePolicy === 'Ignore')
        : undefined,
    };
  });
}
