// `scheduler`: the scheduler alone, against any API server.
import { Command } from '../cli/base.ts';
import { daemonClient, lifeOf, logFlags, noArguments } from '../cli/local/daemon.ts';
import { flag } from '../cli/pflag.ts';

export default class Scheduler extends Command {
  static override summary = 'Run the scheduler alone, against any API server';
  static examples = `# Run it against the current context
{program} scheduler

# Schedule pods that ask for another scheduler's name
{program} scheduler --scheduler-name batch --kubeconfig scheduler.kubeconfig`;
  static override flags = {
    'scheduler-name': flag.string('Pods with this spec.schedulerName are ours.', { default: 'default-scheduler' }),
    ...logFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Scheduler);
    noArguments(args);
    const { daemonLog } = await import('../cli/local/log.ts');
    const log = await daemonLog('scheduler', flags['log-level']);
    const { client, close } = await daemonClient(this.context, 'kube-scheduler');
    const [{ runScheduler }, { systemClock }] = await Promise.all([
      import('../server/scheduler/run.ts'),
      import('../client/clock.ts'),
    ]);
    const config = { schedulerName: flags['scheduler-name'] };
    const { signal } = this.context;
    await lifeOf(() => runScheduler({ client, clock: systemClock, log, signal, config }), log, signal);
    close();
  }
}
