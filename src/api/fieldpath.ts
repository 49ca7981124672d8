// Field paths of the downward API: `metadata.labels['x']`, `status.podIP`. What each path may be used for is the pod's
// validation; here is the grammar and the reading. Upstream: pkg/fieldpath/fieldpath.go.
import type { KubeObject } from './types.ts';
import { WRITTEN } from './go-escapes.ts';

const SUBSCRIPTED = /^([^[]+)\['([^]*)'\]$/;

/** `metadata.labels['x']` → {path: 'metadata.labels', subscript: 'x'}; without subscript only the path. */
export function splitSubscript(fieldPath: string): { path: string; subscript?: string } {
  const m = SUBSCRIPTED.exec(fieldPath);
  return m ? { path: m[1]!, subscript: m[2]! } : { path: fieldPath };
}

/** Upstream's FormatMap: one `key="value"` a line, sorted, with Go's quoting. */
export function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  if (!map) return '';
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${goQuote(map[key] ?? '')}`)
    .join('\n');
}

/** Go's strconv.Quote (%q). */
export function goQuote(text: string): string {
  let out = '"';
  for (const c of text) {
    const code = c.codePointAt(0)!;
    const short = WRITTEN[c];
    if (short) out += short;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if ((code >= 0x80 && code < 0xa0) || code === 0xad || code === 0xa0 || code === 0xfeff) {
      out += `\\u${code.toString(16).padStart(4, '0')}`;
    } else out += c;
  }
  return `${out}"`;
}

/** The metadata paths that are plain on every object. Throws an Error with upstream's text for others. */
export function extractFieldPath(object: KubeObject, fieldPath: string): string {
  const meta = object.metadata ?? {};
  const { path, subscript } = splitSubscript(fieldPath);
  if (subscript !== undefined) {
    if (path === 'metadata.annotations') return meta.annotations?.[subscript] ?? '';
    if (path === 'metadata.labels') return meta.labels?.[subscript] ?? '';
    throw new Error(`fieldPath ${goQuote(fieldPath)} does not support subscript`);
  }
  switch (fieldPath) {
    case 'metadata.annotations':
      return formatMap(meta.annotations);
    case 'metadata.labels':
      return formatMap(meta.labels);
    case 'metadata.name':
      return meta.name ?? '';
    case 'metadata.namespace':
      return meta.namespace ?? '';
    case 'metadata.uid':
      return meta.uid ?? '';
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

interface PodLike extends KubeObject {
  spec?: { nodeName?: string; serviceAccountName?: string };
  status?: { hostIP?: string; hostIPs?: { ip?: string }[]; podIP?: string; podIPs?: { ip?: string }[] };
}

/** What a container sees of its pod by fieldRef. Upstream: kubelet podFieldSelectorRuntimeValue. */
export function podFieldValue(pod: PodLike, fieldPath: string): string {
  switch (fieldPath) {
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return pod.status?.hostIP ?? '';
    case 'status.hostIPs':
      return (pod.status?.hostIPs ?? []).map((a) => a.ip ?? '').join(',');
    case 'status.podIP':
      return pod.status?.podIP ?? '';
    case 'status.podIPs':
      return (pod.status?.podIPs ?? []).map((a) => a.ip ?? '').join(',');
    default:
      return extractFieldPath(pod, fieldPath);
  }
}
