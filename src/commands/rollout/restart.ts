// `rollout restart`. Upstream: kubectl/pkg/cmd/rollout/rollout_restart.go, polymorphichelpers/objectrestarter.go.
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { CliError } from '../../cli/errors.ts';
import { changingFlags, ObjectError, rollable, RolloutCommand } from './_rollout.ts';

const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

export default class RolloutRestart extends RolloutCommand {
  static override summary = 'Restart a resource';
  static description = 'Resource rollout will be restarted.';
  static examples = `# Restart all deployments in the test-namespace namespace
{program} rollout restart deployment -n test-namespace

# Restart a deployment
{program} rollout restart deployment/nginx

# Restart deployments with the app=nginx label
{program} rollout restart deployment --selector=app=nginx

# Restart a daemon set
{program} rollout restart daemonset/abc`;
  static override usage = 'RESOURCE';
  static override flags = changingFlags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(RolloutRestart);
    const now = rfc3339(new Date(this.io.nowMs()));
    await this.changeEach(
      flags,
      args,
      'restarted',
      (draft) => {
        if (!rollable(draft.kind)) throw new ObjectError('restarting is not supported');
        const spec = draft['spec'] as { paused?: boolean; template: PodTemplateSpec };
        if (spec.paused) throw new ObjectError("can't restart paused deployment (run rollout resume first)");
        const metadata = (spec.template.metadata ??= {});
        metadata.annotations = { ...metadata.annotations, [RESTARTED_AT]: now };
      },
      (info) =>
        new CliError(
          `failed to create patch for ${info.name}: if restart has already been triggered within the past second, please wait before attempting to trigger another`,
        ),
    );
  }
}

/** Go's time.RFC3339 in the local zone. */
function rfc3339(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}
