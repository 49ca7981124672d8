// `create cronjob`. Upstream: kubectl/pkg/cmd/create/create_cronjob.go.
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const CronJobs = type('batch', 'v1', 'cronjobs', 'CronJob');

export default class CreateCronJob extends Generator {
  static override summary = 'Create a cron job with the specified name';
  static aliases = ['cj'];
  static examples = `# Create a cron job
{program} create cronjob my-job --image=busybox --schedule="*/1 * * * *"

# Create a cron job with a command
{program} create cronjob my-job --image=busybox --schedule="*/1 * * * *" -- date`;
  static override usage = "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]";
  static override flags = {
    ...generatorFlags,
    image: flag.string('Image name to run.'),
    restart: flag.string("job's restart policy. supported values: OnFailure, Never"),
    schedule: flag.string('A schedule in the Cron format the job should be run with.'),
  };
  protected override failure = 'failed to create cronjob: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateCronJob);
    this.requireFlags('image', 'schedule');
    const name = this.oneName();
    const { command } = this;
    const container = { name, image: flags.image, ...(command.length > 0 ? { command } : {}), resources: {} };
    const restartPolicy = flags.restart || 'OnFailure';
    const template = { metadata: { creationTimestamp: null }, spec: { containers: [container], restartPolicy } };
    const jobTemplate = { metadata: { name, creationTimestamp: null }, spec: { template } };
    const spec = { schedule: flags.schedule, jobTemplate };
    await this.create(CronJobs, typed(CronJobs, { metadata: this.metadata(name), spec, status: {} }), flags);
  }
}
