// Upstream: kubectl/pkg/describe describeDeployment.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { selectorFromObject } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { conditionLines } from './_conditions.ts';
import { Document, rfc1123z } from './_document.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { podTemplateLines } from './_pod-template.ts';
import { splitReplicaSets } from '../rollout/replicasets.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<Deployment>({
  group: 'apps',
  kind: 'Deployment',
  async describe(deployment, context) {
    const doc = new Document();
    const { metadata, spec, status } = deployment;
    doc.field(0, 'Name', metadata?.name);
    doc.field(0, 'Namespace', metadata?.namespace ?? '');
    doc.field(0, 'CreationTimestamp', rfc1123z(metadata?.creationTimestamp));
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    doc.field(0, 'Selector', selectorFromObject(spec?.selector).toString());
    const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status ?? {};
    doc.field(
      0,
      'Replicas',
      `${spec?.replicas ?? 1} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`,
    );
    doc.field(0, 'StrategyType', spec?.strategy?.type ?? '');
    doc.field(0, 'MinReadySeconds', spec?.minReadySeconds ?? 0);
    const rolling = spec?.strategy?.rollingUpdate;
    if (rolling) {
      doc.field(
        0,
        'RollingUpdateStrategy',
        `${rolling.maxUnavailable ?? 0} max unavailable, ${rolling.maxSurge ?? 0} max surge`,
      );
    }
    podTemplateLines(doc, spec?.template);
    conditionLines(doc, status?.conditions);
    const { older, newest } = await splitReplicaSets(context.cluster, deployment);
    if (older.length > 0 || newest) {
      doc.field(0, 'OldReplicaSets', replicaSetText(older));
      doc.field(0, 'NewReplicaSet', replicaSetText(newest ? [newest] : []));
    }
    await eventLines(doc, { ...deployment, kind: 'Deployment' } as KubeObject, context);
    return doc.toString();
  },
});

function replicaSetText(sets: readonly ReplicaSet[]): string {
  const texts = sets.map(
    (rs) => `${rs.metadata?.name} (${rs.status?.replicas ?? 0}/${rs.spec?.replicas ?? 0} replicas created)`,
  );
  return texts.length === 0 ? '<none>' : texts.join(', ');
}
