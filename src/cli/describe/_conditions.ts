// The conditions of a workload.
import type { Document } from './_document.ts';

export function conditionLines(
  doc: Document,
  conditions: readonly { type: string; status: string; reason?: string }[] | undefined,
): void {
  if (!conditions || conditions.length === 0) return;
  doc.line(0, 'Conditions:\n  Type\tStatus\tReason');
  doc.line(1, '----\t------\t------');
  for (const c of conditions) doc.line(1, `${c.type} \t${c.status}\t${c.reason ?? ''}`);
}
