// Upstream: kubectl/pkg/describe describePod.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { ageOf } from '../../api/duration.ts';
import { podQosClass } from '../../api/pod-status.ts';
import type { KubeObject } from '../../api/types.ts';
import { containerLines, resourceLines } from './_containers.ts';
import { Document, rfc1123z } from './_document.ts';
import { findEvents, writeEvents } from './_events.ts';
import { annotationLines, controllerOf, labelLines, tolerationLines } from './_metadata.ts';
import { spreadLines } from './_pod-template.ts';
import { type DescribeContext, defineDescriber } from './types.ts';
import { volumeLines } from './_volumes.ts';

const MIRROR = 'kubernetes.io/config.mirror';

export default defineDescriber<Pod>({
  group: '',
  kind: 'Pod',
  async describe(pod, context) {
    const doc = new Document();
    head(doc, pod);
    statusLines(doc, pod, context.nowMs);
    containers(doc, pod);
    conditions(doc, pod);
    volumeLines(doc, pod.spec?.volumes);
    doc.field(0, 'QoS Class', pod.status?.qosClass ?? podQosClass(pod));
    labelLines(doc, 'Node-Selectors', pod.spec?.nodeSelector);
    tolerationLines(doc, 'Tolerations', pod.spec?.tolerations);
    spreadLines(doc, pod.spec?.topologySpreadConstraints);
    if (context.showEvents) await events(doc, pod, context);
    return doc.toString();
  },
});

function head(doc: Document, pod: Pod): void {
  const { metadata, spec, status } = pod;
  doc.field(0, 'Name', metadata?.name);
  doc.field(0, 'Namespace', metadata?.namespace);
  if (spec?.priority !== undefined) doc.field(0, 'Priority', spec.priority);
  if (spec?.priorityClassName) doc.field(0, 'Priority Class Name', spec.priorityClassName);
  if (spec?.runtimeClassName) doc.field(0, 'Runtime Class Name', spec.runtimeClassName);
  if (spec?.serviceAccountName) doc.field(0, 'Service Account', spec.serviceAccountName);
  doc.field(0, 'Node', spec?.nodeName ? `${spec.nodeName}/${status?.hostIP ?? ''}` : '<none>');
  if (status?.startTime) doc.field(0, 'Start Time', rfc1123z(status.startTime));
  labelLines(doc, 'Labels', metadata?.labels);
  annotationLines(doc, 'Annotations', metadata?.annotations);
}

function statusLines(doc: Document, pod: Pod, nowMs: number): void {
  const { metadata, spec, status } = pod;
  const ended = status?.phase === 'Failed' || status?.phase === 'Succeeded';
  if (metadata?.deletionTimestamp && !ended) {
    doc.field(0, 'Status', `Terminating (lasts ${ageOf(metadata.deletionTimestamp, nowMs)})`);
    doc.field(0, 'Termination Grace Period', `${metadata.deletionGracePeriodSeconds ?? 0}s`);
  } else doc.field(0, 'Status', status?.phase ?? '');
  if (status?.reason) doc.field(0, 'Reason', status.reason);
  if (status?.message) doc.field(0, 'Message', status.message);
  const seccomp = spec?.securityContext?.seccompProfile;
  if (seccomp) {
    doc.field(0, 'SeccompProfile', seccomp.type);
    if (seccomp.type === 'Localhost') doc.field(0, 'LocalhostProfile', seccomp.localhostProfile ?? '');
  }
  doc.field(0, 'IP', status?.podIP ?? '');
  if (!status?.podIPs || status.podIPs.length === 0) doc.line(0, 'IPs:\t<none>');
  else {
    doc.line(0, 'IPs:');
    for (const { ip } of status.podIPs) doc.field(1, 'IP', ip ?? '');
  }
  const controller = controllerOf(pod as KubeObject);
  if (controller) doc.field(0, 'Controlled By', controller);
  if (status?.nominatedNodeName) doc.field(0, 'NominatedNodeName', status.nominatedNodeName);
}

function containers(doc: Document, pod: Pod): void {
  const { spec, status } = pod;
  const resources = (spec as { resources?: Parameters<typeof resourceLines>[2] } | undefined)?.resources;
  if (resources) {
    doc.line(0, 'Resources:');
    resourceLines(doc, 1, resources);
  }
  // Of all fields kubectl's scheme knows these two only. Upstream: EnvValueRetriever.
  const known: Record<string, string | undefined> = {
    'metadata.name': pod.metadata?.name,
    'metadata.namespace': pod.metadata?.namespace,
  };
  const resolve = (fieldPath: string): string => known[fieldPath] ?? '';
  if (spec?.initContainers?.length) {
    containerLines(doc, 'Init Containers', spec.initContainers, { statuses: status?.initContainerStatuses, resolve });
  }
  containerLines(doc, 'Containers', spec?.containers ?? [], { statuses: status?.containerStatuses, resolve });
  if (spec?.ephemeralContainers?.length) {
    containerLines(doc, 'Ephemeral Containers', spec.ephemeralContainers, {
      statuses: status?.ephemeralContainerStatuses,
      resolve,
    });
  }
}

function conditions(doc: Document, pod: Pod): void {
  const found = pod.status?.conditions ?? [];
  if (pod.spec?.readinessGates?.length) {
    doc.line(0, 'Readiness Gates:\n  Type\tStatus');
    for (const gate of pod.spec.readinessGates) {
      const status = found.find((c) => c.type === gate.conditionType)?.status ?? '<none>';
      doc.line(1, `${gate.conditionType} \t${status} `);
    }
  }
  if (found.length === 0) return;
  doc.line(0, 'Conditions:\n  Type\tStatus');
  for (const condition of found) doc.line(1, `${condition.type} \t${condition.status} `);
}

/** A mirror pod's events name the static pod's uid. */
async function events(doc: Document, pod: Pod, context: DescribeContext): Promise<void> {
  const { name, namespace, uid, annotations } = pod.metadata ?? {};
  try {
    writeEvents(doc, await findEvents(context, { name, namespace, uid: annotations?.[MIRROR] ?? uid }), context.nowMs);
  } catch {
    return;
  }
}
