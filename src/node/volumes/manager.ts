// A pod's volumes: made before its containers start, kept up to date while it runs, removed with it. Which pods there
// are, and when to look again, is the agent's business.
import { chmod, mkdir, stat } from 'node:fs/promises';
import type { PersistentVolume, Pod, Volume } from 'kubernetes-types/core/v1.js';
import { quantityNumber } from '../../api/quantity.ts';
import { writePayload } from './atomic-writer.ts';
import { prepareHostPath } from './host-path.ts';
import { mountTmpfs } from './mounts.ts';
import { setGroup } from './ownership.ts';
import { type ClaimSources, ClaimVolumes } from './claims.ts';
import { type VolumeSources, payloadOf } from './payload.ts';
import type { PodDirectories } from './pod-directory.ts';
import type { VolumeFolders } from './volume-folders.ts';

/** Where a volume is on this machine. */
export interface MountableVolume {
  path: string;
  readOnly: boolean;
}

/** One volume could not be made: the pod waits (FailedMount). The message is the event's. */
export class VolumeError extends Error {}

const plugins: [keyof Volume, string][] = [
  ['configMap', 'configmap'],
  ['secret', 'secret'],
  ['downwardAPI', 'downward-api'],
  ['projected', 'projected'],
];
const pluginOf = (volume: Volume): string | undefined => plugins.find(([field]) => volume[field])?.[1];

export class VolumeManager {
  private readonly claims: ClaimVolumes;

  constructor(
    private readonly directories: PodDirectories,
    private readonly folders: VolumeFolders,
    private readonly sources: VolumeSources & ClaimSources,
  ) {
    this.claims = new ClaimVolumes(sources);
  }

  /** The pod is gone, or has come to its end: others may have its volumes. */
  forget(uid: string): void {
    this.claims.forget(uid);
  }

  /**
   * All volumes of the pod, made or found. Throws VolumeError for the first that cannot be. Idempotent: called
   * again, it brings the files of running containers up to date. */
  async setUp(pod: Pod): Promise<Map<string, MountableVolume>> {
    const ready = new Map<string, MountableVolume>();
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        ready.set(volume.name, await this.setUpOne(pod, volume));
      } catch (error) {
        if (error instanceof VolumeError) throw error;
        throw failure(volume.name, error);
      }
    }
    return ready;
  }

  private async setUpOne(pod: Pod, volume: Volume): Promise<MountableVolume> {
    const uid = pod.metadata?.uid ?? '';
    const plugin = pluginOf(volume);
    if (plugin) {
      await this.writeFiles(pod, volume, plugin);
      return { path: this.directories.volume(uid, plugin, volume.name), readOnly: true };
    }
    if (volume.hostPath) {
      await prepareHostPath(volume.hostPath.path, volume.hostPath.type);
      return { path: volume.hostPath.path, readOnly: false };
    }
    if (volume.emptyDir) return this.emptyDir(pod, volume);
    if (volume.persistentVolumeClaim || volume.ephemeral) return this.claimed(pod, volume);
    const kind = Object.keys(volume).find((field) => field !== 'name') ?? 'unknown';
    throw new Error(`volumes of the type ${kind} are not supported by this node`);
  }

  /** The volume behind a claim. */
  private async claimed(pod: Pod, volume: Volume): Promise<MountableVolume> {
    let persistent: PersistentVolume;
    try {
      persistent = await this.claims.resolve(pod, volume);
    } catch (error) {
      throw unattached(pod, volume.name, error);
    }
    try {
      return { ...(await this.persistent(pod, persistent)), readOnly: !!volume.persistentVolumeClaim?.readOnly };
    } catch (error) {
      throw failure(persistent.metadata?.name ?? '', error);
    }
  }

  private async persistent(pod: Pod, { spec = {} }: PersistentVolume): Promise<{ path: string }> {
    if (spec.hostPath) {
      await prepareHostPath(spec.hostPath.path, spec.hostPath.type);
      return { path: spec.hostPath.path };
    }
    if (!spec.local) {
      const known = ['accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity', 'volumeMode'];
      const kind = Object.keys(spec).find(
        (field) => typeof spec[field as keyof typeof spec] === 'object' && !known.includes(field),
      );
      throw new Error(`persistent volumes of the type ${kind ?? 'unknown'} are not supported by this node`);
    }
    const { path } = spec.local;
    if (this.folders.has(path)) await this.folders.make(path);
    else if (!(await stat(path).catch(() => undefined))) throw new Error(`path "${path}" does not exist`);
    await this.give(pod, path);
    return { path };
  }

  /** To the pod's group, as it wants it. */
  private async give(pod: Pod, path: string): Promise<void> {
    const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
    if (fsGroup !== undefined) await setGroup(path, fsGroup, fsGroupChangePolicy === 'OnRootMismatch');
  }

  private async emptyDir(pod: Pod, volume: Volume): Promise<MountableVolume> {
    const path = this.directories.volume(pod.metadata?.uid ?? '', 'empty-dir', volume.name);
    const { medium, sizeLimit } = volume.emptyDir ?? {};
    const made = await mkdir(path, { recursive: true, mode: 0o777 });
    if (medium === 'Memory') {
      // Is everybody's by itself, with the sticky bit.
      const size = sizeLimit === undefined ? 0 : quantityNumber(sizeLimit);
      await mountTmpfs(path, size > 0 ? size : undefined);
    } else if (medium && medium !== '') {
      throw new Error(`unknown storage medium "${medium}"`);
    } else if (made !== undefined) {
      await chmod(path, 0o777);
    }
    await this.give(pod, path);
    return { path, readOnly: false };
  }

  private async writeFiles(pod: Pod, volume: Volume, plugin: string): Promise<void> {
    const payload = await payloadOf(pod, volume, this.sources);
    const path = this.directories.volume(pod.metadata?.uid ?? '', plugin, volume.name);
    await writePayload(path, payload ?? new Map(), pod.spec?.securityContext?.fsGroup);
  }
}

const failure = (volume: string, error: unknown): VolumeError =>
  new VolumeError(`MountVolume.SetUp failed for volume "${volume}" : ${(error as Error).message}`);

/** Upstream: WaitForAttachAndMount. */
function unattached(pod: Pod, name: string, error: unknown): VolumeError {
  const all = (pod.spec?.volumes ?? []).map((volume) => volume.name);
  return new VolumeError(
    `Unable to attach or mount volumes: unmounted volumes=[${name}], unattached volumes=[${all.join(' ')}], ` +
      `failed to process volumes=[${name}]: ${(error as Error).message}`,
  );
}
