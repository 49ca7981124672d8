// Upstream: kubectl/pkg/describe describeSecret: sizes, never contents, but for service account tokens.
import type { Secret } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<Secret>({
  group: '',
  kind: 'Secret',
  async describe(secret) {
    const doc = new Document();
    nameAndLabels(doc, secret as KubeObject);
    doc.write(0, `\nType:\t${secret.type ?? ''}\n`);
    doc.write(0, '\nData\n====\n');
    for (const key of Object.keys(secret.data ?? {}).sort()) {
      const bytes = Buffer.from(secret.data![key]!, 'base64');
      const isToken = key === 'token' && secret.type === 'kubernetes.io/service-account-token';
      doc.field(0, key, isToken ? bytes.toString('utf8') : `${bytes.length} bytes`);
    }
    return doc.toString();
  },
});
