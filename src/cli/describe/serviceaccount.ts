// Upstream: kubectl/pkg/describe describeServiceAccount.
import type { Secret, ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

const TOKEN_TYPE = 'kubernetes.io/service-account-token';

export default defineDescriber<ServiceAccount>({
  group: '',
  kind: 'ServiceAccount',
  async describe(account, context) {
    const doc = new Document();
    const { namespace = '', name, uid } = account.metadata ?? {};
    let secrets: Secret[] | undefined;
    try {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
      secrets = (await context.cluster.json<{ items?: Secret[] }>('GET', path)).items ?? [];
    } catch {
      secrets = undefined;
    }
    const tokens = (secrets ?? []).filter((s) => {
      const notes = s.metadata?.annotations ?? {};
      const owner = notes['kubernetes.io/service-account.name'] === name;
      return s.type === TOKEN_TYPE && owner && notes['kubernetes.io/service-account.uid'] === uid;
    });
    nameAndLabels(doc, account as KubeObject);
    const existing = secrets && new Set(secrets.map((s) => s.metadata?.name));
    const names = (list: readonly { name?: string }[] | undefined): string[] => (list ?? []).map((s) => s.name ?? '');
    secretLines(doc, 'Image pull secrets:', names(account.imagePullSecrets), existing);
    secretLines(doc, 'Mountable secrets: ', names(account.secrets), existing);
    secretLines(
      doc,
      'Tokens:            ',
      tokens.map((t) => t.metadata?.name ?? ''),
      existing,
    );
    await eventLines(doc, { ...account, kind: 'ServiceAccount' } as KubeObject, context);
    return doc.toString();
  },
});

function secretLines(
  doc: Document,
  header: string,
  names: readonly string[],
  existing: ReadonlySet<string | undefined> | undefined,
): void {
  if (names.length === 0) return doc.line(0, `${header}\t<none>`);
  for (const [i, name] of names.entries()) {
    const missing = existing && !existing.has(name) ? ' (not found)' : '';
    doc.line(0, `${i === 0 ? header : ' '.repeat(header.length)}\t${name}${missing}`);
  }
}
