// `rollout pause`. Upstream: kubectl/pkg/cmd/rollout/rollout_pause.go.
import { changingFlags, ObjectError, RolloutCommand } from './_rollout.ts';

export default class RolloutPause extends RolloutCommand {
  static override summary = 'Mark the provided resource as paused';
  static description =
    'Paused resources will not be reconciled by a controller. Use "{program} rollout resume" to resume a paused resource. Currently only deployments support being paused.';
  static examples = `# Pause a deployment: what runs goes on, and changes wait until it is resumed
{program} rollout pause deployment/nginx`;
  static override usage = 'RESOURCE';
  static override flags = changingFlags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(RolloutPause);
    await this.changeEach(
      flags,
      args,
      'paused',
      (draft) => {
        if (draft.kind !== 'Deployment') throw new ObjectError('pausing is not supported');
        const spec = draft['spec'] as { paused?: boolean };
        if ((spec.paused ?? false) === true) throw new ObjectError('is already paused');
        spec.paused = true;
      },
      () => undefined,
    );
  }
}
