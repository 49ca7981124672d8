// The files of configMap, secret, downwardAPI and projected volumes. Pure, except that tokens are asked of a source.
// Upstream: pkg/volume/{configmap,secret,downwardapi,projected}, their MakePayload and collectData.
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from 'kubernetes-types/core/v1.js';
import type { PayloadFile } from './atomic-writer.ts';

/** What volumes read of the cluster. Undefined: the object does not exist. Rejects when that cannot be known now. */
export interface VolumeSources {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>;
  /** A container's `limits.cpu` and the like, as text. */
  resourceField(pod: Pod, ref: NonNullable<DownwardAPIVolumeFile['resourceFieldRef']>): string;
  podField(pod: Pod, path: string): string;
}

type Files = Map<string, PayloadFile>;
const DEFAULT_MODE = 0o644;
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/** Undefined for a volume that is no set of files. */
export async function payloadOf(pod: Pod, volume: Volume, sources: VolumeSources): Promise<Files | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) {
    return configMapFiles(pod, configMap.name ?? '', { ...configMap, mode: configMap.defaultMode }, sources);
  }
  if (secret) {
    return secretFiles(pod, secret.secretName ?? '', { ...secret, mode: secret.defaultMode }, sources);
  }
  if (downwardAPI) return downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode, sources);
  if (!projected) return undefined;
  const files: Files = new Map();
  for (const source of projected.sources ?? []) {
    const part = await projectedFiles(pod, source, projected.defaultMode, sources);
    for (const [path, file] of part) files.set(path, file);
  }
  return files;
}

interface Selection {
  items?: KeyToPath[];
  optional?: boolean;
  mode?: number | undefined;
}

async function configMapFiles(pod: Pod, name: string, selection: Selection, sources: VolumeSources): Promise<Files> {
  const object = await sources.configMap(pod.metadata?.namespace ?? '', name);
  if (!object && !selection.optional) throw new Error(`configmap "${name}" not found`);
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(object?.data ?? {})) data.set(key, utf8(text));
  for (const [key, text] of Object.entries(object?.binaryData ?? {})) data.set(key, Buffer.from(text, 'base64'));
  return select(data, selection, 'configmap');
}

async function secretFiles(pod: Pod, name: string, selection: Selection, sources: VolumeSources): Promise<Files> {
  const object = await sources.secret(pod.metadata?.namespace ?? '', name);
  if (!object && !selection.optional) throw new Error(`secret "${name}" not found`);
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(object?.data ?? {})) data.set(key, Buffer.from(text, 'base64'));
  return select(data, selection, 'secret');
}

function select(data: ReadonlyMap<string, Uint8Array>, selection: Selection, what: string): Files {
  const files: Files = new Map();
  const mode = selection.mode ?? DEFAULT_MODE;
  if (!selection.items?.length) {
    for (const [key, bytes] of data) files.set(key, { data: bytes, mode });
    return files;
  }
  for (const item of selection.items) {
    const bytes = data.get(item.key);
    if (bytes) files.set(safePath(item.path), { data: bytes, mode: item.mode ?? mode });
    else if (!selection.optional) throw new Error(`${what} references non-existent config key: ${item.key}`);
  }
  return files;
}

function downwardFiles(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number | undefined,
  sources: VolumeSources,
): Files {
  const files: Files = new Map();
  for (const item of items) {
    let text = '';
    if (item.fieldRef) text = sources.podField(pod, item.fieldRef.fieldPath);
    else if (item.resourceFieldRef) text = sources.resourceField(pod, item.resourceFieldRef);
    files.set(safePath(item.path), { data: utf8(text), mode: item.mode ?? defaultMode ?? DEFAULT_MODE });
  }
  return files;
}

async function projectedFiles(
  pod: Pod,
  source: VolumeProjection,
  mode: number | undefined,
  sources: VolumeSources,
): Promise<Files> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap) return configMapFiles(pod, configMap.name ?? '', { ...configMap, mode }, sources);
  if (secret) return secretFiles(pod, secret.name ?? '', { ...secret, mode }, sources);
  if (downwardAPI) return downwardFiles(pod, downwardAPI.items ?? [], mode, sources);
  if (!serviceAccountToken) throw new Error('this kind of projected source is not supported by the node');
  const token = await sources.token(pod, serviceAccountToken);
  const uid = commonUser(pod);
  const narrow = uid !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  const file: PayloadFile = { data: utf8(token), mode: narrow ? 0o600 : (mode ?? DEFAULT_MODE) };
  if (uid !== undefined) file.uid = uid;
  return new Map([[safePath(serviceAccountToken.path), file]]);
}

/** The user that all containers run as, when they do. Upstream: pkg/volume/util FsUserFrom. */
function commonUser(pod: Pod): number | undefined {
  const users = new Set<number | undefined>();
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    users.add(container.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser);
  }
  return users.size === 1 ? [...users][0] : undefined;
}

function safePath(path: string): string {
  if (path.startsWith('/') || path.split('/').includes('..')) throw new Error(`invalid path: ${path}`);
  return path;
}
