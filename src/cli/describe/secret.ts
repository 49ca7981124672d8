// Upstream: kubectl/pkg/describe describeSecret: sizes, never contents, but for service account tokens
// and, beyond upstream, with --decode.
import type { Secret } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { textOf } from '../decode.ts';
import { Document } from './_document.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<Secret>({
  group: '',
  kind: 'Secret',
  async describe(secret, { decode }) {
    const doc = new Document();
    nameAndLabels(doc, secret as KubeObject);
    doc.write(0, `\nType:\t${secret.type ?? ''}\n`);
    doc.write(0, '\nData\n====\n');
    const keys = Object.keys(secret.data ?? {}).sort();
    if (decode) return doc.toString() + keys.map((key) => decoded(key, secret.data![key]!)).join('');
    for (const key of keys) {
      const bytes = Buffer.from(secret.data![key]!, 'base64');
      const isToken = key === 'token' && secret.type === 'kubernetes.io/service-account-token';
      doc.field(0, key, isToken ? bytes.toString('utf8') : `${bytes.length} bytes`);
    }
    return doc.toString();
  },
});

/** As it is: of several lines as in a ConfigMap's page. */
function decoded(key: string, base64: string): string {
  const text = textOf(base64) ?? `${Buffer.from(base64, 'base64').length} bytes`;
  return text.includes('\n') ? `${key}:\n----\n${text.replace(/\n*$/, '\n')}\n` : `${key}: ${text}\n`;
}
