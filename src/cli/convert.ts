// Objects from one API version to another, without a server: what the API server's own kinds know of their versions.
// Custom kinds are not known here. Upstream: kubernetes/pkg/kubectl/cmd/convert asVersionedObjects and tryConvert.
import type { AnyKind, ServedVersion } from '../api/kind.ts';
import { builtinSchemas } from '../api/schema/builtin.ts';
import { applyDefaults } from '../api/schema/defaults.ts';
import { pruneUnknown } from '../api/schema/prune.ts';
import type { Schema } from '../api/schema/schema.ts';
import { apiVersionOf, parseApiVersion, type Unstructured } from '../api/types.ts';
import { CliError } from './errors.ts';
import { withZeros } from './typed.ts';

const SCHEME = 'in scheme "pkg/api/legacyscheme/scheme.go:30"';

interface Known {
  kind: AnyKind;
  served: ServedVersion;
}

export class VersionConverter {
  private readonly byKind = new Map<string, Known>();

  constructor(kinds: readonly AnyKind[]) {
    for (const kind of kinds) {
      for (const served of kind.served) this.byKind.set(`${apiVersionOf(served)} ${kind.kind}`, { kind, served });
    }
  }

  /** A copy in `apiVersion`, or in the version that the kind prefers; defaults are filled in. */
  convert(object: Unstructured, apiVersion: string, source = ''): Unstructured {
    const from = this.byKind.get(`${object.apiVersion} ${object.kind}`);
    if (!from) {
      throw new CliError(
        `unable to decode ${JSON.stringify(source)}: no kind ${JSON.stringify(object.kind)} is registered for version ${JSON.stringify(object.apiVersion)} ${SCHEME}`,
      );
    }
    const { kind, served } = from;
    const to = apiVersion === '' ? kind.served[0]! : this.target(from, apiVersion);
    const draft = structuredClone(object);
    this.settle(draft, served);
    served.defaults?.(draft);
    served.convert?.toStorage(draft);
    draft.apiVersion = apiVersionOf(kind.storage);
    kind.defaults?.(draft as never);
    to.convert?.fromStorage(draft);
    draft.apiVersion = apiVersionOf(to);
    const schema = this.schemaOf(to, kind.kind);
    return schema ? (withZeros(draft, schema) as Unstructured) : draft;
  }

  private target({ kind }: Known, apiVersion: string): ServedVersion {
    const known = this.byKind.get(`${apiVersion} ${kind.kind}`);
    if (known?.kind === kind) return known.served;
    const { group } = parseApiVersion(apiVersion);
    if (kind.served.some((served) => served.group === group)) {
      throw new CliError(
        `no kind ${JSON.stringify(kind.kind)} is registered for version ${JSON.stringify(apiVersion)} ${SCHEME}`,
      );
    }
    const name = kind.group === '' ? 'core' : kind.group.split('.')[0]!;
    throw new CliError(
      `${name}.${kind.kind} is not suitable for converting to ${JSON.stringify(apiVersion)} ${SCHEME}`,
    );
  }

  /** What the version has no field for is dropped, as a decoder into Go's structs drops it. */
  private settle(draft: Unstructured, served: ServedVersion): void {
    const schema = this.schemaOf(served, draft.kind);
    if (!schema) return;
    pruneUnknown(draft, schema, builtinSchemas);
    applyDefaults(draft, schema, builtinSchemas);
  }

  private schemaOf(served: ServedVersion, kind: string): Schema | undefined {
    return served.schema ?? builtinSchemas.forKind(served.group, served.version, kind);
  }
}
