// How admission sees an object in the versions that it asks for: webhooks are sent the version of the request, or the
// one that their rules name. Upstream: apiserver/pkg/endpoints/discovery/... EquivalentResourceMapper, admission/conversion.go.
import type { GroupVersionKind, Unstructured } from '../../../api/types.ts';
import type { AdmittedVersions } from '../../admission/types.ts';
import { cloneJson } from '../cache/encoding.ts';
import { typed } from '../content/decode.ts';
import { convertTo } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { AS_IS, toStorage } from './decode-object.ts';

type Equivalents = AdmittedVersions['equivalents'];

export function admittedVersions(
  context: RequestContext,
  endpoint: Endpoint,
  subresource: string,
  connect?: GroupVersionKind,
): AdmittedVersions {
  const { definition } = endpoint;
  /** The kind of a subresource's body, where it is another than the resource's own. */
  const foreign = connect ?? definition.subresources?.[subresource]?.kind;
  const { group, version, plural } = endpoint;
  const at = ({ group, version }: GroupVersionKind): Endpoint =>
    context.server.registry.find(group, version, plural) ?? endpoint;
  return {
    kind: foreign ?? { group, version, kind: definition.kind },
    get equivalents() {
      return equivalentsOf(endpoint, foreign);
    },
    convert(object, kind) {
      return foreign ? cloneJson(object) : convertTo(object, at(kind));
    },
    restore(object, kind): Promise<Unstructured> | Unstructured {
      if (foreign) return typed(object as never, foreign);
      return toStorage(context, at(kind), object as never, AS_IS);
    },
  };
}

/** By endpoint and the kind of a subresource's body: rules of webhooks ask for them on every write. */
const known = new WeakMap<Endpoint, Map<string, Equivalents>>();

function equivalentsOf(endpoint: Endpoint, foreign: GroupVersionKind | undefined): Equivalents {
  let byKind = known.get(endpoint);
  if (!byKind) known.set(endpoint, (byKind = new Map()));
  let found = byKind.get(foreign?.kind ?? '');
  if (!found) byKind.set(foreign?.kind ?? '', (found = makeEquivalents(endpoint, foreign)));
  return found;
}

function makeEquivalents(endpoint: Endpoint, foreign: GroupVersionKind | undefined): Equivalents {
  const { definition } = endpoint;
  return definition.served
    .filter(({ group, version }) => group !== endpoint.group || version !== endpoint.version)
    .map(({ group, version }: { group: string; version: string }) => ({
      resource: { group, version, resource: endpoint.plural },
      kind: foreign ?? { group, version, kind: definition.kind },
    }));
}
