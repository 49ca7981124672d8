// Upstream: kubectl/pkg/describe ConfigMapDescriber. Keys are sorted here; upstream's order is by chance.
import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<ConfigMap>({
  group: '',
  kind: 'ConfigMap',
  async describe(map, context) {
    const doc = new Document();
    nameAndLabels(doc, map as KubeObject);
    doc.write(0, '\nData\n====\n');
    for (const key of Object.keys(map.data ?? {}).sort()) doc.write(0, `${key}:\n----\n${map.data![key]}\n\n`);
    doc.write(0, '\nBinaryData\n====\n');
    for (const key of Object.keys(map.binaryData ?? {}).sort()) {
      doc.line(0, `${key}: ${Buffer.from(map.binaryData![key]!, 'base64').length} bytes`);
    }
    doc.write(0, '\n');
    await eventLines(doc, { ...map, kind: 'ConfigMap' } as KubeObject, context);
    return doc.toString();
  },
});
