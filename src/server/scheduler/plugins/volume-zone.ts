// Volumes that say in labels which zone or region they are in are used there. Upstream:
// pkg/scheduler/framework/plugins/volumezone.
import { PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '../../../api/resources.ts';
import { classNameOf } from '../../../api/volumes.ts';
import { SKIP, definePlugin, unresolvable } from '../framework.ts';
import { claimsOf, concernsClaim, storageOf } from './_volumes.ts';

const CONFLICT = unresolvable('node(s) had no available volume zone');
/** Between the zones of a volume that is in several. */
const DELIMITER = '__';
const ZONE = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'];
const REGION = ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'];
const KEYS = [...ZONE, ...REGION];

interface Topology {
  /** The label's name now and of old: a node may have either. */
  names: readonly string[];
  values: ReadonlySet<string>;
}

export default definePlugin<readonly Topology[]>({
  name: 'VolumeZone',
  informers: [PersistentVolumeClaims, PersistentVolumes, StorageClasses],
  preFilter(pod, view) {
    const used = claimsOf(pod);
    if (used.length === 0) return SKIP;
    const { claims, volumes, classes } = storageOf(view);
    const state: Topology[] = [];
    for (const { key, name, ephemeral } of used) {
      // What is made for the pod follows it.
      if (ephemeral) continue;
      const claim = claims.get(key);
      if (!claim) return unresolvable(`persistentvolumeclaim "${name}" not found`);
      const { volumeName } = claim.spec ?? {};
      if (!volumeName) {
        const mode = classes.get(classNameOf(claim))?.volumeBindingMode;
        if (mode === 'WaitForFirstConsumer') continue;
        return unresolvable('PersistentVolumeClaim had no pv name and storageClass name');
      }
      const volume = volumes.get(volumeName);
      if (!volume) return unresolvable(`persistentvolume "${volumeName}" not found`);
      for (const label of KEYS) {
        const value = volume.metadata?.labels?.[label];
        if (value === undefined) continue;
        state.push({ names: ZONE.includes(label) ? ZONE : REGION, values: new Set(value.split(DELIMITER)) });
      }
    }
    return state.length === 0 ? SKIP : { state };
  },
  filter(_pod, { labels }, state) {
    // A node that says nothing of zones is in all of them.
    if (!KEYS.some((key) => labels[key] !== undefined)) return undefined;
    for (const { names, values } of state) {
      const value = names.map((name) => labels[name]).find((v) => v !== undefined);
      if (value === undefined || !values.has(value)) return CONFLICT;
    }
    return undefined;
  },
  events: [
    { resource: 'StorageClass', actions: ['add'] },
    { resource: 'Node', actions: ['add', 'updateLabels'] },
    { resource: 'PersistentVolumeClaim', actions: ['add', 'update'], helps: concernsClaim },
    { resource: 'PersistentVolume', actions: ['add', 'update'] },
  ],
});
