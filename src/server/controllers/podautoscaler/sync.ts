// One reconcile of an autoscaler: the target's scale, what the metrics propose, how far that may go, the scale again.
// Upstream: reconcileAutoscaler in pkg/controller/podautoscaler/horizontal.go.
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
} from 'kubernetes-types/autoscaling/v2.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { HorizontalPodAutoscalers, Pods } from '../../../api/resources.ts';
import { type Selector, parseSelector } from '../../../api/selector.ts';
import { objectKey } from '../../../api/types.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import { timestamp } from '../shared/conditions.ts';
import { about, messageOf } from '../shared/objects.ts';
import { type Behavior, type History, type Limited, limitByBehavior, limitByDefault, noteScaled } from './limits.ts';
import { MetricError, type MetricProposal, propose } from './proposals.ts';
import type { Target, Targets } from './target.ts';

export interface AutoscalerState {
  targets: Targets;
  /** By the key of the autoscaler, as are the selectors. */
  histories: Map<string, History>;
  /** Of each one's pods, as far as they were seen. */
  selectors: Map<string, { namespace: string; selector: Selector }>;
}

/** Nothing can be done until the next look; all is told. */
class Stop extends Error {}

const byName = (condition: HorizontalPodAutoscalerCondition, type: string) => condition.type === type;

export class AutoscalerSync {
  private readonly context: ControllerContext;
  private readonly hpa: HorizontalPodAutoscaler;
  private readonly state: AutoscalerState;
  private readonly history: History;
  private readonly nowMs: number;
  private conditions: HorizontalPodAutoscalerCondition[];
  private metrics: MetricStatus[] | null;
  private current: number | undefined;
  private desired: number;
  private lastScaleTime: string | undefined;

  constructor(context: ControllerContext, hpa: HorizontalPodAutoscaler, state: AutoscalerState, history: History) {
    this.context = context;
    this.hpa = hpa;
    this.state = state;
    this.history = history;
    this.nowMs = context.clock.now();
    this.conditions = [...(hpa.status?.conditions ?? [])];
    this.metrics = hpa.status?.currentMetrics ?? null;
    this.current = hpa.status?.currentReplicas;
    this.desired = hpa.status?.desiredReplicas ?? 0;
    this.lastScaleTime = hpa.status?.lastScaleTime as string | undefined;
  }

  /** Never throws for what metrics or the target do; answers the status to be written. */
  async run(): Promise<HorizontalPodAutoscalerStatus> {
    try {
      await this.autoscale(await this.target());
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    return {
      ...(this.current === undefined ? {} : { currentReplicas: this.current }),
      desiredReplicas: this.desired,
      ...(this.lastScaleTime === undefined ? {} : { lastScaleTime: this.lastScaleTime as never }),
      currentMetrics: this.metrics as MetricStatus[],
      conditions: this.conditions,
    };
  }

  private tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.context.events.event(about(HorizontalPodAutoscalers, this.hpa), type, reason, message);
  }

  /** Upstream: setConditionInList. */
  private set(type: string, status: 'True' | 'False', reason: string, message: string): void {
    const before = this.conditions.find((c) => byName(c, type));
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : (timestamp(this.nowMs) as never);
    const next = { type, status, lastTransitionTime, reason, message } as HorizontalPodAutoscalerCondition;
    this.conditions = before ? this.conditions.map((c) => (c === before ? next : c)) : [...this.conditions, next];
  }

  private async target(): Promise<Target> {
    const { targets } = this.state;
    const { apiVersion, kind, name } = this.hpa.spec!.scaleTargetRef;
    try {
      const resources = await targets.resourcesOf(apiVersion, kind);
      return await targets.scaleOf(this.hpa.metadata?.namespace ?? '', name, resources);
    } catch (error) {
      const why = messageOf(error);
      this.tell('Warning', 'FailedGetScale', why);
      const message = `the HPA controller was unable to get the target's current scale: ${why}`;
      this.set('AbleToScale', 'False', 'FailedGetScale', message);
      throw new Stop();
    }
  }

  private async autoscale(target: Target): Promise<void> {
    const { minReplicas: min = 1, maxReplicas: max } = this.hpa.spec!;
    const current = target.scale.spec?.replicas ?? 0;
    const able = "the HPA controller was able to get the target's current scale";
    this.set('AbleToScale', 'True', 'SucceededGetScale', able);
    if (this.history.recommendations.length === 0) {
      this.history.recommendations = [{ value: current, atMs: this.nowMs }];
    }
    this.current = current;
    let desired = current;
    let reason = '';
    if (current === 0 && min !== 0) {
      const message = 'scaling is disabled since the replica count of the target is zero';
      this.set('ScalingActive', 'False', 'ScalingDisabled', message);
      this.metrics = null;
    } else if (current > max) {
      [desired, reason] = [max, 'Current number of replicas above Spec.MaxReplicas'];
      this.metrics = null;
    } else if (current < min) {
      [desired, reason] = [min, 'Current number of replicas below Spec.MinReplicas'];
      this.metrics = null;
    } else {
      const proposed = await this.proposeReplicas(target);
      if (proposed.replicas > current) reason = `${proposed.name} above target`;
      if (proposed.replicas < current) reason = 'All metrics below target';
      desired = this.limit({ current, desired: proposed.replicas, min, max });
    }
    if (desired !== current) await this.rescale(target, current, desired, reason);
    this.desired = desired;
  }

  private limit(asked: { current: number; desired: number; min: number; max: number }): number {
    const behavior = this.hpa.spec?.behavior as Behavior | undefined;
    const now = { ...asked, nowMs: this.nowMs };
    const limited: Limited = behavior
      ? limitByBehavior(now, behavior, this.history)
      : limitByDefault(now, this.history);
    this.set('AbleToScale', 'True', limited.stabilized.reason, limited.stabilized.message);
    this.set('ScalingLimited', limited.limited ? 'True' : 'False', limited.limit.reason, limited.limit.message);
    return limited.replicas;
  }

  private async rescale(target: Target, current: number, desired: number, reason: string): Promise<void> {
    try {
      await this.state.targets.setReplicas(target, desired);
    } catch (error) {
      const why = messageOf(error);
      this.tell('Warning', 'FailedRescale', `New size: ${desired}; reason: ${reason}; error: ${why}`);
      const message = `the HPA controller was unable to update the target scale: ${why}`;
      this.set('AbleToScale', 'False', 'FailedUpdateScale', message);
      throw new Stop();
    }
    const message = `the HPA controller was able to update the target scale to ${desired}`;
    this.set('AbleToScale', 'True', 'SucceededRescale', message);
    this.tell('Normal', 'SuccessfulRescale', `New size: ${desired}; reason: ${reason}`);
    const behavior = this.hpa.spec?.behavior as Behavior | undefined;
    if (behavior) noteScaled(this.history, behavior, current, desired, this.nowMs);
    this.lastScaleTime = timestamp(this.nowMs);
  }

  /** The most that any metric asks for. Upstream: computeReplicasForMetrics. */
  private async proposeReplicas({ scale }: Target): Promise<{ replicas: number; name: string }> {
    const selector = this.selector(scale.status?.selector ?? '');
    const namespace = this.hpa.metadata?.namespace ?? '';
    const asking = {
      client: this.context.client,
      targets: this.state.targets,
      namespace,
      selector,
      pods: this.podsOf(namespace, selector),
      specReplicas: scale.spec?.replicas ?? 0,
      statusReplicas: scale.status?.replicas ?? 0,
      nowMs: this.nowMs,
    };
    const specs = this.hpa.spec?.metrics ?? [];
    const errors: MetricError[] = [];
    const found: (MetricProposal | undefined)[] = [];
    for (const spec of specs) {
      try {
        found.push(await propose(spec, asking));
      } catch (error) {
        if (!(error instanceof MetricError)) throw error;
        this.tell('Warning', error.reason, error.told);
        errors.push(error);
        found.push(undefined);
      }
    }
    this.metrics = found.map((proposal) => proposal?.status ?? { type: '' });
    let best = { replicas: 0, name: '' };
    for (const proposal of found) {
      if (proposal && (best.replicas === 0 || proposal.replicas > best.replicas)) best = proposal;
    }
    const [first] = errors;
    if (first && (errors.length >= specs.length || best.replicas < asking.specReplicas)) {
      const message = `the HPA was unable to compute the replica count: ${first.told}`;
      this.set('ScalingActive', 'False', first.reason, message);
      const count = `${errors.length} invalid out of ${specs.length}`;
      const all = `invalid metrics (${count}), first error is: ${first.message}`;
      this.tell('Warning', 'FailedComputeMetricsReplicas', all);
      throw new Stop();
    }
    const message = `the HPA was able to successfully calculate a replica count from ${best.name}`;
    this.set('ScalingActive', 'True', 'ValidMetricFound', message);
    return best;
  }

  private podsOf(namespace: string, selector: Selector): Pod[] {
    const all = this.context.lister(Pods).list(namespace);
    return all.filter((pod) => selector.matches(pod.metadata?.labels));
  }

  /** Upstream: validateAndParseSelector. */
  private selector(text: string): Selector {
    if (text === '') {
      const missing = "the HPA target's scale is missing a selector";
      throw this.refuse('SelectorRequired', 'selector is required', 'InvalidSelector', missing);
    }
    let selector: Selector;
    try {
      selector = parseSelector(text);
    } catch (error) {
      const why = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`;
      throw this.refuse('InvalidSelector', why, 'InvalidSelector', why);
    }
    const namespace = this.hpa.metadata?.namespace ?? '';
    this.state.selectors.set(objectKey(this.hpa), { namespace, selector });
    const rivals = this.rivals(namespace, selector);
    if (rivals.length > 1) {
      const why = `pods by selector ${text} are controlled by multiple HPAs: [${rivals.join(' ')}]`;
      throw this.refuse('AmbiguousSelector', why, 'AmbiguousSelector', why);
    }
    return selector;
  }

  /** All autoscalers that select one of these pods, itself too. */
  private rivals(namespace: string, selector: Selector): string[] {
    const others = [...this.state.selectors].filter(([, other]) => other.namespace === namespace);
    if (others.length < 2) return [];
    const pods = this.podsOf(namespace, selector);
    const selects = (other: Selector) => pods.some((pod) => other.matches(pod.metadata?.labels));
    return others.flatMap(([key, other]) => (selects(other.selector) ? key : [])).toSorted();
  }

  private refuse(event: string, told: string, reason: string, message: string): Stop {
    this.tell('Warning', event, told);
    this.set('ScalingActive', 'False', reason, message);
    this.tell('Warning', 'FailedComputeMetricsReplicas', told);
    this.metrics = null;
    return new Stop();
  }
}
