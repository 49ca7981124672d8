// A definition as upstream's internal type has it: what all versions say alike stands once, above them. Errors name its
// paths: `spec.validation.openAPIV3Schema…`, not `spec.versions[0].schema…`, unless the versions differ.
// Upstream: apiextensions-apiserver pkg/apis/apiextensions/v1/conversion.go.
import { deepEqual } from '../../patch/equal.ts';
import type { CustomResourceDefinition, Version } from './_types.ts';

const SHARED = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;
type Shared = (typeof SHARED)[number];

export interface Hoisted {
  shared: Pick<Version, Shared>;
  versions: Version[];
}

export function hoist({ spec }: CustomResourceDefinition): Hoisted {
  const versions = spec.versions ?? [];
  const [first] = versions;
  const shared: Record<string, unknown> = {};
  const alike = SHARED.filter((part) => first && versions.every((v) => deepEqual(v[part], first[part])));
  for (const part of alike) if (first![part] !== undefined) shared[part] = first![part];
  const rest = versions.map(
    (v) =>
      Object.fromEntries(Object.entries(v).filter(([key]) => !alike.includes(key as Shared))) as unknown as Version,
  );
  return { shared, versions: rest };
}

/** As upstream prints the versions: its own type's fields. */
export const goVersions = (versions: readonly Version[]): object[] =>
  versions.map((v) => ({
    Name: v.name ?? '',
    Served: v.served ?? false,
    Storage: v.storage ?? false,
    Deprecated: v.deprecated ?? false,
    DeprecationWarning: v.deprecationWarning ?? null,
    Schema: v.schema ?? null,
    Subresources: v.subresources ?? null,
    AdditionalPrinterColumns: v.additionalPrinterColumns ?? null,
    SelectableFields: v.selectableFields ?? null,
  }));
