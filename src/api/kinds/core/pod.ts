// Pod. Upstream: pkg/registry/core/pod/strategy.go, printPod. The rules of its spec are in shared/pod-*.ts.
import { defineKind } from '../../kind.ts';
import { dns1123LabelErrors } from '../../names.ts';
import { type PodSummary, podQosClass, restartsText, summarizePod } from '../../pod-status.ts';
import { ageColumn, column, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { honourPodAnnotations } from '../shared/old-annotations.ts';
import { syncAppArmor } from '../shared/pod-app-armor.ts';
import { defaultPodSpec, podOnlyDefaults } from '../shared/pod-defaults.ts';
import { validateAnnotationsMatchFields, validatePodAnnotations } from '../shared/pod-annotations.ts';
import { dropPodSpec } from '../shared/pod-disabled.ts';
import { mergeMatchLabelKeys } from '../shared/pod-scheduling.ts';
import { validatePodOnly, validatePodSpec } from '../shared/pod-spec.ts';
import type { Pod, PodSpec } from '../shared/pod-types.ts';
import { preparePodStatus, validatePodStatus } from '../shared/pod-status-rules.ts';
import { validateEphemeralContainersUpdate, validatePodResize } from '../shared/pod-subresources.ts';
import { validatePodUpdate } from '../shared/pod-update.ts';
import { podWarnings } from '../shared/pod-warnings.ts';

// The cells of one row are made one after another: three of them share this.
let summarized: Pod | undefined;
let summary: PodSummary;
function summaryOf(pod: Pod): PodSummary {
  if (pod !== summarized) {
    summary = summarizePod(pod as Parameters<typeof summarizePod>[0]);
    summarized = pod;
  }
  return summary;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates;
  if (!gates?.length) return '<none>';
  const isTrue = (type: string) => pod.status?.conditions?.find((c) => c.type === type)?.status === 'True';
  return `${gates.filter((g) => isTrue(g.conditionType)).length}/${gates.length}`;
}

/** Upstream's CheckGracefulDelete: pods that no node runs, or that have ended, go at once. */
function gracePeriodSeconds(pod: Pod, requested: number | undefined): number {
  if (!pod.spec?.nodeName || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') return 0;
  const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

function warnings(pod: Pod, old: Pod | undefined): string[] {
  // Upstream says nothing on updates, which programs make.
  if (old) return [];
  const list: string[] = [];
  const name = pod.metadata?.name ?? '';
  const bad = dns1123LabelErrors(name);
  if (bad.length) {
    const why =
      "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
    list.push(`metadata.name: ${why}: [${bad.join(' ')}]`);
  }
  return [...list, ...podWarnings('', pod)];
}

const OPTIONS = { group: '', version: 'v1' };

export default defineKind<Pod>({
  group: '',
  kind: 'Pod',
  plural: 'pods',
  short: ['po'],
  categories: ['all'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: {
    status: { verbs: ['get', 'patch', 'update'] },
    ephemeralcontainers: { verbs: ['get', 'patch', 'update'] },
    resize: { verbs: ['get', 'patch', 'update'] },
    binding: { verbs: ['create'], kind: { ...OPTIONS, kind: 'Binding' } },
    eviction: {
      verbs: ['create'],
      kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
      also: ['policy/v1beta1'],
    },
    log: { verbs: ['get'] },
    exec: { verbs: ['create', 'get'], kind: { ...OPTIONS, kind: 'PodExecOptions' } },
    attach: { verbs: ['create', 'get'], kind: { ...OPTIONS, kind: 'PodAttachOptions' } },
    portforward: { verbs: ['create', 'get'], kind: { ...OPTIONS, kind: 'PodPortForwardOptions' } },
    proxy: {
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
      kind: { ...OPTIONS, kind: 'PodProxyOptions' },
    },
  },
  generation: true,
  defaults(draft) {
    const spec = (draft.spec ??= {} as PodSpec);
    honourPodAnnotations(draft.metadata?.annotations, spec);
    defaultPodSpec(spec);
    podOnlyDefaults(spec);
  },
  prepareCreate(draft, warn) {
    // Admission may have set the account since the defaults.
    if (draft.spec?.serviceAccountName) draft.spec.serviceAccount = draft.spec.serviceAccountName;
    dropPodSpec(draft.spec);
    if (draft.spec) mergeMatchLabelKeys(draft.spec, draft.metadata?.labels);
    draft.status = { phase: 'Pending', qosClass: podQosClass(draft as Parameters<typeof podQosClass>[0]) };
    if (draft.spec && draft.metadata?.annotations) {
      syncAppArmor(draft.metadata.annotations, draft.spec, warn);
    }
    if (draft.spec?.schedulingGates?.length) {
      const message = 'Scheduling is blocked due to non-empty scheduling gates';
      draft.status.conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message }];
    }
  },
  prepareUpdate: (draft, old) => dropPodSpec(draft.spec, old.spec),
  statusKeeps: ['ownerReferences'],
  prepareStatus: preparePodStatus,
  validate(pod, errors) {
    const annotations = pod.metadata?.annotations;
    if (annotations && pod.spec) validatePodAnnotations(errors, 'metadata.annotations', annotations, pod.spec);
    validatePodSpec(errors, 'spec', pod.spec, pod.metadata?.name ?? '');
    if (pod.spec) validatePodOnly(errors, 'spec', pod.spec);
  },
  validateCreate({ metadata, spec }, errors) {
    if (spec?.ephemeralContainers?.length) errors.forbidden('spec.ephemeralContainers', 'cannot be set on create');
    if (spec?.nodeName && spec.schedulingGates?.length) {
      errors.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
    }
    if (spec && metadata?.annotations) validateAnnotationsMatchFields(errors, 'spec', metadata.annotations, spec);
  },
  validateUpdate: validatePodUpdate,
  validateStatus: validatePodStatus,
  validateSubresource: { ephemeralcontainers: validateEphemeralContainersUpdate, resize: validatePodResize },
  warnings,
  gracePeriodSeconds,
  selectableFields: {
    'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
    // What the oldest clients call it.
    'spec.host': (pod) => pod.spec?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
    // Accepted, and never set.
    'status.podIPs': () => '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  columns: [
    column('Ready', 'string', 'The aggregate readiness state of this pod for accepting traffic.', (pod) => {
      const { ready, total } = summaryOf(pod);
      return `${ready}/${total}`;
    }),
    column('Status', 'string', 'The aggregate status of the containers in this pod.', (pod) => summaryOf(pod).reason),
    column(
      'Restarts',
      'string',
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
      (pod, nowMs) => restartsText(summaryOf(pod), nowMs),
    ),
    ageColumn,
    wide(
      'IP',
      'string',
      texts['PodStatus.podIP']!,
      (pod) => pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || '<none>',
    ),
    wide('Node', 'string', texts['PodSpec.nodeName']!, (pod) => pod.spec?.nodeName || '<none>'),
    wide(
      'Nominated Node',
      'string',
      texts['PodStatus.nominatedNodeName']!,
      (pod) => pod.status?.nominatedNodeName || '<none>',
    ),
    wide('Readiness Gates', 'string', texts['PodSpec.readinessGates']!, readinessGates),
  ],
});
