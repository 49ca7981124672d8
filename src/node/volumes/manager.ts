// A pod's volumes: made before its containers start, kept up to date while it runs, removed with it. Which pods there
// are, and when to look again, is the agent's business.
import { chmod, mkdir } from 'node:fs/promises';
import type { Pod, Volume } from 'kubernetes-types/core/v1.js';
import { quantityNumber } from '../../api/quantity.ts';
import { writePayload } from './atomic-writer.ts';
import { prepareHostPath } from './host-path.ts';
import { mountTmpfs } from './mounts.ts';
import { setGroup } from './ownership.ts';
import { type VolumeSources, payloadOf } from './payload.ts';
import type { PodDirectories } from './pod-directory.ts';

/** Where a volume is on this machine. */
export interface MountableVolume {
  path: string;
  readOnly: boolean;
}

/** One volume could not be made: the pod waits (FailedMount). */
export class VolumeError extends Error {
  constructor(
    readonly volume: string,
    override readonly cause: Error,
  ) {
    super(cause.message);
  }
}

const plugins: [keyof Volume, string][] = [
  ['configMap', 'configmap'],
  ['secret', 'secret'],
  ['downwardAPI', 'downward-api'],
  ['projected', 'projected'],
];
const pluginOf = (volume: Volume): string | undefined => plugins.find(([field]) => volume[field])?.[1];

export class VolumeManager {
  constructor(
    private readonly directories: PodDirectories,
    private readonly sources: VolumeSources,
  ) {}

  /**
   * All volumes of the pod, made or found. Throws VolumeError for the first that cannot be. Idempotent: called
   * again, it brings the files of running containers up to date. */
  async setUp(pod: Pod): Promise<Map<string, MountableVolume>> {
    const ready = new Map<string, MountableVolume>();
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        ready.set(volume.name, await this.setUpOne(pod, volume));
      } catch (error) {
        throw new VolumeError(volume.name, error as Error);
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
    const kind = Object.keys(volume).find((field) => field !== 'name') ?? 'unknown';
    throw new Error(`volumes of the type ${kind} are not supported by this node`);
  }

  private async emptyDir(pod: Pod, volume: Volume): Promise<MountableVolume> {
    const path = this.directories.volume(pod.metadata?.uid ?? '', 'empty-dir', volume.name);
    const { medium, sizeLimit } = volume.emptyDir ?? {};
    const made = await mkdir(path, { recursive: true, mode: 0o777 });
    if (medium === 'Memory') {
      const size = sizeLimit === undefined ? 0 : quantityNumber(sizeLimit);
      await mountTmpfs(path, size > 0 ? size : undefined);
    } else if (medium && medium !== '') throw new Error(`unknown storage medium "${medium}"`);
    if (made !== undefined || medium === 'Memory') await chmod(path, 0o777);
    const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
    if (fsGroup !== undefined) await setGroup(path, fsGroup, fsGroupChangePolicy === 'OnRootMismatch');
    return { path, readOnly: false };
  }

  private async writeFiles(pod: Pod, volume: Volume, plugin: string): Promise<void> {
    const payload = await payloadOf(pod, volume, this.sources);
    const path = this.directories.volume(pod.metadata?.uid ?? '', plugin, volume.name);
    await writePayload(path, payload ?? new Map(), pod.spec?.securityContext?.fsGroup);
  }
}
