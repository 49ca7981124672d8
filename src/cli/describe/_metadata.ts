// Labels, annotations, tolerations and taints as every page shows them, sorted, one to a line.
// Upstream: kubectl/pkg/describe printLabelsMultiline, printAnnotationsMultiline, printTolerationsMultiline.
import type { Taint, Toleration } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { LAST_APPLIED } from '../last-applied.ts';
import type { Document } from './_document.ts';

const MAX_ANNOTATION = 140;

/** `Title:\tfirst`, then one line for each further entry. */
export function multiline(doc: Document, title: string, lines: readonly string[], indent = ''): void {
  if (lines.length === 0) return doc.line(0, `${indent}${title}:\t<none>`);
  doc.line(0, `${indent}${title}:\t${lines[0]}`);
  for (const line of lines.slice(1)) doc.line(0, `${indent}\t${line}`);
}

export function labelLines(doc: Document, title: string, labels: Record<string, string> | undefined): void {
  const keys = Object.keys(labels ?? {}).sort();
  multiline(
    doc,
    title,
    keys.map((k) => `${k}=${labels![k]}`),
  );
}

export function annotationLines(doc: Document, title: string, annotations: Record<string, string> | undefined): void {
  const keys = Object.keys(annotations ?? {})
    .filter((k) => k !== LAST_APPLIED)
    .sort();
  const lines: string[] = [];
  for (const key of keys) {
    const value = annotations![key]!.replace(/\n$/, '');
    if (value.length + key.length + 2 > MAX_ANNOTATION || value.includes('\n')) {
      lines.push(`${key}:`, ...value.split('\n').map((part) => `  ${shorten(part, MAX_ANNOTATION - 2)}`));
    } else lines.push(`${key}: ${value}`);
  }
  multiline(doc, title, lines);
}

const shorten = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}...` : text);

export function tolerationLines(doc: Document, title: string, tolerations: readonly Toleration[] | undefined): void {
  const sorted = [...(tolerations ?? [])].sort((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1));
  multiline(
    doc,
    title,
    sorted.map((t) => {
      const key = `${t.key ?? ''}${t.value ? `=${t.value}` : ''}${t.effect ? `:${t.effect}` : ''}`;
      const exists = t.operator === 'Exists' && !t.value ? (t.key || t.effect ? ' op=Exists' : 'op=Exists') : '';
      const seconds = t.tolerationSeconds !== undefined ? ` for ${t.tolerationSeconds}s` : '';
      return `${key}${exists}${seconds}`;
    }),
  );
}

export function taintLines(doc: Document, title: string, taints: readonly Taint[] | undefined): void {
  const key = (t: Taint): string => `${t.effect},${t.key}`;
  const sorted = [...(taints ?? [])].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  multiline(
    doc,
    title,
    sorted.map((t) => (t.value ? `${t.key}=${t.value}:${t.effect}` : `${t.key}:${t.effect}`)),
  );
}

/** `ReplicaSet/web-1`, or nothing. */
export function controllerOf(object: KubeObject): string {
  const owner = object.metadata?.ownerReferences?.find((o) => o.controller);
  return owner ? `${owner.kind}/${owner.name}` : '';
}

/** Name, namespace (of namespaced kinds), labels and annotations. */
export function nameAndLabels(doc: Document, object: KubeObject, namespaced = true): void {
  doc.field(0, 'Name', object.metadata?.name ?? '');
  if (namespaced) doc.field(0, 'Namespace', object.metadata?.namespace ?? '');
  labelLines(doc, 'Labels', object.metadata?.labels);
  annotationLines(doc, 'Annotations', object.metadata?.annotations);
}
