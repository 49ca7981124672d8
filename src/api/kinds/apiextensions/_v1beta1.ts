// The shape of apiextensions.k8s.io/v1beta1: one schema, one set of subresources and columns for all versions, and
// `version` for a single one. Upstream: apiextensions-apiserver pkg/apis/apiextensions/v1beta1/conversion.go.
import type { Unstructured } from '../../types.ts';
import { hoist } from './_hoisted.ts';
import type { CustomResourceDefinition, PrinterColumn, Version } from './_types.ts';

interface OldSpec extends Record<string, unknown> {
  versions?: Version[];
  version?: string;
  validation?: { openAPIV3Schema?: object };
  subresources?: NonNullable<Version['subresources']>;
  additionalPrinterColumns?: NonNullable<Version['additionalPrinterColumns']>;
  selectableFields?: NonNullable<Version['selectableFields']>;
  conversion?: { strategy?: string; webhookClientConfig?: object; conversionReviewVersions?: string[] };
}

const GONE = [
  'version',
  'validation',
  'subresources',
  'additionalPrinterColumns',
  'selectableFields',
  'preserveUnknownFields',
];

function columnOf(column: PrinterColumn & { JSONPath?: string }): PrinterColumn {
  const { JSONPath, ...rest } = column;
  return JSONPath === undefined ? rest : { ...rest, jsonPath: JSONPath };
}

export const v1beta1 = {
  toStorage(draft: Unstructured): void {
    const spec = draft['spec'] as OldSpec | undefined;
    if (!spec) return;
    const { version, validation, subresources, additionalPrinterColumns, selectableFields, conversion } = spec;
    if (!spec.versions?.length && version) spec.versions = [{ name: version, served: true, storage: true }];
    const open = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const preserve = (spec['preserveUnknownFields'] as boolean | undefined) ?? true;
    for (const v of spec.versions ?? []) {
      v.schema ??= validation?.openAPIV3Schema ? { openAPIV3Schema: validation.openAPIV3Schema } : open;
      if (preserve && v.schema.openAPIV3Schema) {
        v.schema = { openAPIV3Schema: { ...v.schema.openAPIV3Schema, 'x-kubernetes-preserve-unknown-fields': true } };
      }
      if (subresources) v.subresources ??= subresources;
      if (selectableFields) v.selectableFields ??= selectableFields;
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
    const { versions: all = [], conversion, ...spec } = (draft['spec'] ?? {}) as Record<string, unknown> & NewSpec;
    const { shared, versions } = hoist({ spec: { versions: all } } as CustomResourceDefinition);
    const { schema, ...others } = withOldColumns(shared);
    draft['spec'] = {
      preserveUnknownFields: false,
      ...spec,
      version: all[0]?.name,
      ...(schema ? { validation: schema } : {}),
      ...others,
      versions: versions.map(withOldColumns),
      ...(conversion ? { conversion: oldConversion(conversion) } : {}),
    };
  },
};

interface NewSpec {
  versions?: Version[];
  conversion?: { strategy?: string; webhook?: { clientConfig?: object; conversionReviewVersions?: string[] } };
}

function withOldColumns<V extends Partial<Version>>(version: V): V {
  const columns = version.additionalPrinterColumns?.map(({ jsonPath, ...c }) => ({ ...c, JSONPath: jsonPath ?? '' }));
  return columns ? { ...version, additionalPrinterColumns: columns } : version;
}

function oldConversion({ strategy, webhook }: NewSpec['conversion'] & object): OldSpec['conversion'] {
  const { clientConfig, conversionReviewVersions } = webhook ?? {};
  return {
    ...(strategy ? { strategy } : {}),
    ...(clientConfig ? { webhookClientConfig: clientConfig } : {}),
    ...(conversionReviewVersions ? { conversionReviewVersions } : {}),
  };
}
