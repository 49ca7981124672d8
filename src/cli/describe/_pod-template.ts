// A pod template, and the pods of a controller counted by phase. Upstream: kubectl/pkg/describe DescribePodTemplate,
// getPodStatusForController.
import type { Pod, PodTemplateSpec, TopologySpreadConstraint } from 'kubernetes-types/core/v1.js';
import { formatLabelSelector } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { containerLines } from './_containers.ts';
import type { Document } from './_document.ts';
import { annotationLines, labelLines, tolerationLines } from './_metadata.ts';
import type { DescribeContext } from './types.ts';
import { volumeLines } from './_volumes.ts';

export function podTemplateLines(doc: Document, template: PodTemplateSpec | undefined): void {
  doc.line(0, 'Pod Template:');
  if (!template) return doc.write(1, '<unset>');
  const { metadata, spec } = template;
  labelLines(doc, '  Labels', metadata?.labels);
  if (Object.keys(metadata?.annotations ?? {}).length > 0) annotationLines(doc, '  Annotations', metadata?.annotations);
  if (spec?.serviceAccountName) doc.field(1, 'Service Account', spec.serviceAccountName);
  if (spec?.initContainers?.length) containerLines(doc, 'Init Containers', spec.initContainers, { space: '  ' });
  containerLines(doc, 'Containers', spec?.containers ?? [], { space: '  ' });
  volumeLines(doc, spec?.volumes, '  ');
  spreadLines(doc, spec?.topologySpreadConstraints, '  ');
  if (spec?.priorityClassName) doc.field(1, 'Priority Class Name', spec.priorityClassName);
  labelLines(doc, '  Node-Selectors', spec?.nodeSelector);
  tolerationLines(doc, '  Tolerations', spec?.tolerations);
}

export function spreadLines(
  doc: Document,
  constraints: readonly TopologySpreadConstraint[] | undefined,
  space = '',
): void {
  const sorted = [...(constraints ?? [])].sort((a, b) => (a.topologyKey < b.topologyKey ? -1 : 1));
  for (const [i, c] of sorted.entries()) {
    const head = i === 0 ? `${space}Topology Spread Constraints:\t` : `${space}\t`;
    const selector = c.labelSelector ? ` for selector ${formatLabelSelector(c.labelSelector)}` : '';
    doc.line(0, `${head}${c.topologyKey}:${c.whenUnsatisfiable} when max skew ${c.maxSkew} is exceeded${selector}`);
  }
}

/** `2 Running / 1 Waiting / 0 Succeeded / 0 Failed` */
export async function podStatuses(context: DescribeContext, owner: KubeObject, selector: string): Promise<string> {
  const { namespace = '', uid } = owner.metadata ?? {};
  const list = await context.cluster.json<{ items?: Pod[] }>(
    'GET',
    `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    { query: { labelSelector: selector } },
  );
  const count: Record<string, number> = {};
  for (const pod of list.items ?? []) {
    if (!pod.metadata?.ownerReferences?.some((o) => o.controller && o.uid === uid)) continue;
    const phase = pod.status?.phase ?? 'Pending';
    count[phase] = (count[phase] ?? 0) + 1;
  }
  const of = (phase: string): number => count[phase] ?? 0;
  return `${of('Running')} Running / ${of('Pending')} Waiting / ${of('Succeeded')} Succeeded / ${of('Failed')} Failed`;
}
