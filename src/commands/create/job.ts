// `create job`. Upstream: kubectl/pkg/cmd/create/create_job.go.
import { Builder } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const Jobs = type('batch', 'v1', 'jobs', 'Job');

export default class CreateJob extends Generator {
  static override summary = 'Create a job with the specified name';
  static examples = `# Create a job
{program} create job my-job --image=busybox

# Create a job with a command
{program} create job my-job --image=busybox -- date

# Create a job from a cron job named "a-cronjob"
{program} create job test-job --from=cronjob/a-cronjob`;
  static override usage = 'NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]';
  static override flags = {
    ...generatorFlags,
    from: flag.string('The name of the resource to create a Job from (only cronjob is supported).'),
    image: flag.string('Image name to run.'),
  };
  protected override failure = 'failed to create job: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateJob);
    const name = this.oneName();
    const { command } = this;
    if ((flags.image === '') === (flags.from === '')) throw new CliError('either --image or --from must be specified');
    if (flags.from && command.length > 0) throw new CliError('cannot specify --from and command');
    if (flags.from) return this.create(Jobs, await this.fromCronJob(name, flags.from), flags);
    const container = { name, image: flags.image, ...(command.length > 0 ? { command } : {}), resources: {} };
    const template = {
      metadata: { creationTimestamp: null },
      spec: { containers: [container], restartPolicy: 'Never' },
    };
    const object = typed(Jobs, { metadata: this.metadata(name), spec: { template }, status: {} });
    await this.create(Jobs, object, flags);
  }

  private async fromCronJob(name: string, from: string): Promise<Record<string, unknown>> {
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, { args: [from] }).build();
    throwCollected(built.errors);
    const cronJob = built.infos[0]!.object!;
    if (cronJob.kind !== 'CronJob') throw new CliError(`unknown object type *v1.${cronJob.kind}`);
    const template = (cronJob['spec'] as { jobTemplate: { metadata?: Record<string, unknown>; spec: object } })
      .jobTemplate;
    const annotations = {
      'cronjob.kubernetes.io/instantiate': 'manual',
      ...(template.metadata?.['annotations'] as object | undefined),
    };
    const labels = template.metadata?.['labels'];
    const owner = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      name: cronJob.metadata.name,
      uid: cronJob.metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    const metadata = this.metadata(name, { ...(labels ? { labels } : {}), annotations, ownerReferences: [owner] });
    return typed(Jobs, { metadata, spec: template.spec, status: {} });
  }
}
