// additionalPrinterColumns and selectableFields of a CustomResourceDefinition: JSONPath expressions, compiled once.
// Upstream: apiextensions-apiserver pkg/registry/customresource/tableconvertor.
import { timestampNanos } from '../../../api/cel/library/times.ts';
import { ageOf } from '../../../api/duration.ts';

import type { Column } from '../../../api/kind.ts';
import { ageColumn } from '../../../api/kinds/shared/columns.ts';
import { stringifyJson } from '../../../api/codec/json.ts';
import type { KubeObject, Unstructured } from '../../../api/types.ts';
import { compileJsonPath } from './json-path.ts';
import type { PrinterColumn } from './types.ts';

type Cell = string | number | boolean | null;

const DEFAULT: PrinterColumn[] = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: ageColumn.description },
];

export function printerColumns(columns: readonly PrinterColumn[] | undefined): Column<KubeObject>[] {
  return (columns && columns.length > 0 ? columns : DEFAULT).map((column) => {
    const { name, type, format, description, priority, jsonPath } = column;
    const read = reader(jsonPath);
    return {
      name,
      type: type as Column<KubeObject>['type'],
      format: format ?? '',
      description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      priority: priority ?? 0,
      value: (object, nowMs) => cell(type, read(object), nowMs),
    };
  });
}

export function selectableField({ jsonPath }: { jsonPath: string }): [string, (object: Unstructured) => string] {
  const read = reader(jsonPath);
  return [
    jsonPath.replace(/^\./, ''),
    (object) => {
      const value = read(object);
      return value === undefined || value === null ? '' : String(value as string);
    },
  ];
}

/** The first result; undefined when there is none. A path that is wrong shows nothing, as upstream's does. */
function reader(jsonPath: string): (object: unknown) => unknown {
  const evaluate = compileJsonPath(jsonPath);
  return (object) => evaluate(object)[0];
}

/** Upstream parses it as a query parameter: nothing and null are no time, anything else that is none is invalid. */
function dateCell(text: string, nowMs: number): string {
  if (text === '' || text === 'null') return '<unknown>';
  return timestampNanos(text) === undefined ? '<invalid>' : ageOf(text, nowMs);
}

function cell(type: string, value: unknown, nowMs: number): Cell {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? Number(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateCell(value, nowMs) : null;
    default:
      return typeof value === 'string' ? value : stringifyJson(value);
  }
}
