// The shape of apiextensions.k8s.io/v1beta1: one schema, one set of subresources and columns for all versions, and
// `version` for a single one. Upstream: apiextensions-apiserver pkg/apis/apiextensions/v1beta1/conversion.go.
import type { Unstructured } from '../../types.ts';
import type { PrinterColumn, Version } from './_types.ts';

interface OldSpec extends Record<string, unknown> {
  versions?: Version[];
  version?: string;
  validation?: { openAPIV3Schema?: object };
  subresources?: NonNullable<Version['subresources']>;
  additionalPrinterColumns?: NonNullable<Version['additionalPrinterColumns']>;
  conversion?: { strategy?: string; webhookClientConfig?: object; conversionReviewVersions?: string[] };
}

const GONE = ['version', 'validation', 'subresources', 'additionalPrinterColumns', 'preserveUnknownFields'];

function columnOf(column: PrinterColumn & { JSONPath?: string }): PrinterColumn {
  const { JSONPath, ...rest } = column;
  return JSONPath === undefined ? rest : { ...rest, jsonPath: JSONPath };
}

export const v1beta1 = {
  toStorage(draft: Unstructured): void {
    const spec = draft['spec'] as OldSpec | undefined;
    if (!spec) return;
    const { version, validation, subresources, additionalPrinterColumns, conversion } = spec;
    if (!spec.versions?.length && version) spec.versions = [{ name: version, served: true, storage: true }];
    const open = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const preserve = (spec['preserveUnknownFields'] as boolean | undefined) ?? true;
    for (const v of spec.versions ?? []) {
      v.schema ??= validation?.openAPIV3Schema ? { openAPIV3Schema: validation.openAPIV3Schema } : open;
      if (preserve && v.schema.openAPIV3Schema) {
        v.schema = { openAPIV3Schema: { ...v.schema.openAPIV3Schema, 'x-kubernetes-preserve-unknown-fields': true } };
      }
      if (subresources) v.subresources ??= subresources;
      const columns = v.additionalPrinterColumns ?? additionalPrinterColumns;
      if (columns) v.additionalPrinterColumns = columns.map(columnOf);
    }
    if (conversion?.webhookClientConfig || conversion?.conversionReviewVersions) {
      const { webhookClientConfig: clientConfig, conversionReviewVersions, strategy } = conversion;
      spec['conversion'] = { strategy, webhook: { clientConfig, conversionReviewVersions } } as OldSpec['conversion'] &
        object;
    }
    spec['scope'] ??= 'Namespaced';
    for (const field of GONE) delete spec[field];
  },
  fromStorage(draft: Unstructured): void {
    const { versions = [], ...spec } = (draft['spec'] ?? {}) as Record<string, unknown> & { versions?: Version[] };
    draft['spec'] = {
      preserveUnknownFields: false,
      ...spec,
      version: versions[0]?.name,
      versions: versions.map((v) => {
        const columns = v.additionalPrinterColumns?.map(({ jsonPath, ...c }) => ({ ...c, JSONPath: jsonPath ?? '' }));
        return columns ? { ...v, additionalPrinterColumns: columns } : v;
      }),
    };
  },
};
