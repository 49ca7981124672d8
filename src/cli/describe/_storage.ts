// What the pages of claims, volumes and classes have in common. Upstream: kubectl/pkg/describe
// printNodeSelectorTermsMultilineWithIndent, printTopologySelectorTermsMultilineWithIndent.
import type { KubeObject } from '../../api/types.ts';
import { ageOf } from '../../api/duration.ts';
import type { Document } from './_document.ts';

/** Go's `%v` of a list of strings. */
export const finalizerText = ({ metadata }: KubeObject): string => `[${(metadata?.finalizers ?? []).join(' ')}]`;

export function phaseText(object: KubeObject & { status?: { phase?: string } }, nowMs: number): string {
  const since = object.metadata?.deletionTimestamp;
  if (since === undefined) return object.status?.phase ?? '';
  return `Terminating (lasts ${ageOf(since, nowMs)})`;
}

interface Requirement {
  key: string;
  /** Topologies have none: it is `in`. */
  operator?: string;
  values?: readonly string[];
}

export function selectorLines(
  doc: Document,
  level: number,
  title: string,
  requirements: readonly Requirement[] = [],
): void {
  const texts = requirements.map(({ key, operator = 'In', values }) => {
    const list = values?.length ? ` [${values.join(', ')}]` : '';
    return `${key} ${operator.toLowerCase()}${list}`;
  });
  doc.line(level, `${title}:\t${texts[0] ?? '<none>'}`);
  for (const text of texts.slice(1)) doc.line(level, `\t${text}`);
}
