// `rollout status` of one object. The words are in api/health/rollout.ts, which GitOps reads as well.
import { type RolloutStatus, rolloutStatus } from '../../api/health/rollout.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';

export type StatusViewer = (object: Unstructured, revision: number) => RolloutStatus;

/** Throws for kinds that do not roll out, before any object is waited for. */
export function statusViewerFor(group: string, kind: string): StatusViewer {
  const rolls = ['Deployment', 'DaemonSet', 'StatefulSet'].includes(kind) && ['apps', 'extensions'].includes(group);
  if (!rolls) throw new CliError(`no status viewer has been implemented for ${kind}${group ? `.${group}` : ''}`);
  return (object, revision) => {
    try {
      return rolloutStatus(object, revision);
    } catch (error) {
      throw new CliError((error as Error).message);
    }
  };
}
