// The page of a kind that has no describer of its own: all of its fields, sorted, with readable labels.
// Upstream: kubectl/pkg/describe genericDescriber, printUnstructuredContent, smartLabelFor.
import type { Unstructured } from '../../api/types.ts';
import { goPrint } from '../../api/go-format.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import type { DescribeContext } from './types.ts';

const skipped = new Set([
  '.metadata.managedFields',
  '.metadata.name',
  '.metadata.namespace',
  '.metadata.labels',
  '.metadata.annotations',
]);

export async function describeGeneric(object: Unstructured, context: DescribeContext): Promise<string> {
  const doc = new Document();
  nameAndLabels(doc, object);
  contentLines(doc, 0, object, '');
  await eventLines(doc, object, context);
  return doc.toString();
}

function contentLines(doc: Document, level: number, content: object, prefix: string): void {
  for (const field of Object.keys(content).sort()) {
    const path = `${prefix}.${field}`;
    if (skipped.has(path)) continue;
    const value = (content as Record<string, unknown>)[field];
    const label = smartLabel(field);
    if (Array.isArray(value)) {
      doc.line(level, `${label}:`);
      for (const child of value) {
        if (isObject(child)) contentLines(doc, level + 1, child, path);
        else doc.line(level + 1, goPrint(child));
      }
    } else if (isObject(value)) {
      doc.line(level, `${label}:`);
      contentLines(doc, level + 1, value, path);
    } else doc.field(level, label, goPrint(value));
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const acronyms = new Set(['API', 'URL', 'UID', 'OSB', 'GUID']);

/** `creationTimestamp` is `Creation Timestamp`, `apiVersion` is `API Version`. */
export function smartLabel(field: string): string {
  if (/[^\p{L}-]/u.test(field)) return field;
  const parts = field.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lu}+|-/gu) ?? [field];
  return parts
    .map((part) => (acronyms.has(part.toUpperCase()) ? part.toUpperCase() : part[0]!.toUpperCase() + part.slice(1)))
    .join(' ');
}
