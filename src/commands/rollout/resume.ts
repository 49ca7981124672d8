// `rollout resume`. Upstream: kubectl/pkg/cmd/rollout/rollout_resume.go.
import { changingFlags, ObjectError, RolloutCommand } from './_rollout.ts';

export default class RolloutResume extends RolloutCommand {
  static override summary = 'Resume a paused resource';
  static description =
    'Paused resources will not be reconciled by a controller. By resuming a resource, we allow it to be reconciled again. Currently only deployments support being resumed.';
  static examples = `# Resume a paused resource
{program} rollout resume deployment/nginx`;
  static override usage = 'RESOURCE';
  static override flags = changingFlags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(RolloutResume);
    await this.changeEach(
      flags,
      args,
      'resumed',
      (draft) => {
        if (draft.kind !== 'Deployment') throw new ObjectError('resuming is not supported');
        const spec = draft['spec'] as { paused?: boolean };
        if ((spec.paused ?? false) === false) throw new ObjectError('is not paused');
        delete spec.paused;
      },
      () => undefined,
    );
  }
}
