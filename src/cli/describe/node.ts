// Upstream: kubectl/pkg/describe describeNode, describeNodeResource.
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { Event, Node, Pod } from 'kubernetes-types/core/v1.js';
import { canonicalQuantity } from '../../api/quantity.ts';
import { isReason } from '../../api/status.ts';
import { Document, rfc1123z } from './_document.ts';
import { findEvents, writeEvents } from './_events.ts';
import { annotationLines, labelLines, taintLines } from './_metadata.ts';
import { nodeResourceLines } from './_node-resources.ts';
import { type DescribeContext, defineDescriber } from './types.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';

export default defineDescriber<Node>({
  group: '',
  kind: 'Node',
  async describe(node, context) {
    const doc = new Document();
    const { metadata, spec, status } = node;
    const roles = nodeRoles(metadata?.labels);
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Roles', roles.length > 0 ? roles.join(',') : '<none>');
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    doc.field(0, 'CreationTimestamp', rfc1123z(metadata?.creationTimestamp));
    taintLines(doc, 'Taints', spec?.taints);
    doc.field(0, 'Unschedulable', spec?.unschedulable ?? false);
    await leaseLines(doc, metadata?.name ?? '', context);
    conditionLines(doc, status?.conditions);
    doc.line(0, 'Addresses:');
    for (const { type, address } of status?.addresses ?? []) doc.field(1, type, address);
    resourceList(doc, 'Capacity', status?.capacity);
    resourceList(doc, 'Allocatable', status?.allocatable);
    infoLines(doc, node);
    const pods = await podsOn(metadata?.name ?? '', context);
    if (pods) nodeResourceLines(doc, node, pods, context.nowMs);
    else doc.line(0, 'Pods:\tnot authorized');
    if (context.showEvents) writeEvents(doc, await eventsOf(node, context), context.nowMs);
    return doc.toString();
  },
});

function nodeRoles(labels: Record<string, string> | undefined): string[] {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return [...roles].sort();
}

async function leaseLines(doc: Document, name: string, { cluster }: DescribeContext): Promise<void> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${encodeURIComponent(name)}`;
  try {
    const { spec } = await cluster.json<Lease>('GET', path);
    doc.line(0, 'Lease:');
    doc.field(1, 'HolderIdentity', spec?.holderIdentity ?? '<unset>');
    doc.field(1, 'AcquireTime', spec?.acquireTime ? rfc1123z(spec.acquireTime) : '<unset>');
    doc.field(1, 'RenewTime', spec?.renewTime ? rfc1123z(spec.renewTime) : '<unset>');
  } catch (error) {
    doc.field(0, 'Lease', `Failed to get lease: ${(error as Error).message}`);
  }
}

function conditionLines(doc: Document, conditions: NonNullable<Node['status']>['conditions']): void {
  if (!conditions || conditions.length === 0) return;
  doc.line(0, 'Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage');
  doc.line(1, '----\t------\t-----------------\t------------------\t------\t-------');
  for (const c of conditions) {
    const times = `${rfc1123z(c.lastHeartbeatTime)} \t${rfc1123z(c.lastTransitionTime)}`;
    doc.line(1, `${c.type} \t${c.status} \t${times} \t${c.reason ?? ''} \t${c.message ?? ''}`);
  }
}

function resourceList(doc: Document, title: string, list: Record<string, string> | undefined): void {
  const names = Object.keys(list ?? {}).sort();
  if (names.length === 0) return;
  doc.line(0, `${title}:`);
  for (const name of names) doc.field(1, name, canonicalQuantity(list![name]!));
}

function infoLines(doc: Document, { spec, status }: Node): void {
  const info = status?.nodeInfo;
  doc.line(0, 'System Info:');
  doc.field(1, 'Machine ID', info?.machineID ?? '');
  doc.field(1, 'System UUID', info?.systemUUID ?? '');
  doc.field(1, 'Boot ID', info?.bootID ?? '');
  doc.field(1, 'Kernel Version', info?.kernelVersion ?? '');
  doc.field(1, 'OS Image', info?.osImage ?? '');
  doc.field(1, 'Operating System', info?.operatingSystem ?? '');
  doc.field(1, 'Architecture', info?.architecture ?? '');
  doc.field(1, 'Container Runtime Version', info?.containerRuntimeVersion ?? '');
  doc.field(1, 'Kubelet Version', info?.kubeletVersion ?? '');
  doc.field(1, 'Kube-Proxy Version', info?.kubeProxyVersion ?? '');
  if (spec?.podCIDR) doc.field(0, 'PodCIDR', spec.podCIDR);
  if (spec?.podCIDRs?.length) doc.field(0, 'PodCIDRs', spec.podCIDRs.join(','));
  if (spec?.providerID) doc.field(0, 'ProviderID', spec.providerID);
}

/** Pods of the node that have not ended; undefined when the user may not see pods. */
async function podsOn(name: string, { cluster }: DescribeContext): Promise<Pod[] | undefined> {
  try {
    const fieldSelector = `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed`;
    return (await cluster.json<{ items?: Pod[] }>('GET', '/api/v1/pods', { query: { fieldSelector } })).items ?? [];
  } catch (error) {
    if (isReason(error, 'Forbidden')) return undefined;
    throw error;
  }
}

/** A node daemon names its node as the uid in its events, controllers the object's uid. */
async function eventsOf({ metadata }: Node, context: DescribeContext): Promise<Event[]> {
  const { name, uid } = metadata ?? {};
  const find = (id: string | undefined): Promise<Event[]> =>
    findEvents(context, { name, kind: 'Node', uid: id }).catch(() => []);
  return [...(await find(uid)), ...(await find(name))];
}
