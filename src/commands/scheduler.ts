// `scheduler`: the scheduler alone, against any API server.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { daemonClient, lifeOf, logFlags, noArguments } from '../cli/local/daemon.ts';
import { flag } from '../cli/pflag.ts';

export default class Scheduler extends Command {
  static override summary = 'Run the scheduler alone, against any API server';
  static description = `Run the scheduler alone, against any API server. Of several with one lease only the elected one acts; another takes over within 15 seconds.`;
  static examples = `# Run it against the current context
{program} scheduler

# Schedule pods that ask for another scheduler's name
{program} scheduler --scheduler-name batch --kubeconfig scheduler.kubeconfig

# Profiles, plug-ins and their arguments from a KubeSchedulerConfiguration, with a plug-in of one's own
{program} scheduler --config scheduler.yaml --plugin ./prefer-cheap-nodes.mjs`;
  static override flags = {
    config: flag.string('A KubeSchedulerConfiguration file.'),
    plugin: flag.array(
      'A module whose default export is a scheduler plug-in, or a list of them. --config enables them.',
    ),
    'scheduler-name': flag.string('Pods with this spec.schedulerName are ours. Not together with --config.', {
      default: 'default-scheduler',
    }),
    'leader-elect': flag.bool('Act only while holding the lease.', { default: true }),
    ...logFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Scheduler);
    noArguments(args);
    if (flags.config && this.changed('scheduler-name')) {
      throw new CliError('--scheduler-name cannot be used together with --config, which names its profiles');
    }
    const { daemonLog } = await import('../cli/local/log.ts');
    const log = await daemonLog('scheduler', flags['log-level']);
    const [{ runScheduler }, { systemClock }, { runAsLeader }, configuration] = await Promise.all([
      import('../server/scheduler/run.ts'),
      import('../client/clock.ts'),
      import('../client/leader.ts'),
      this.configuration(flags.config, flags.plugin, flags['scheduler-name']),
    ]);
    const { leaderElection: election, kubeconfig, ...config } = configuration;
    if (kubeconfig && this.context.globals.kubeconfig === '') this.context.globals.kubeconfig = kubeconfig;
    const { client, close } = await daemonClient(this.context, 'kube-scheduler');
    const { signal } = this.context;
    const act = (until: AbortSignal) => runScheduler({ client, clock: systemClock, log, signal: until, config });
    const elected = this.changed('leader-elect') ? flags['leader-elect'] : election.leaderElect;
    const { resourceNamespace: namespace, resourceName: name, leaseMs, renewDeadlineMs, retryMs } = election;
    const identity = `${hostname()}_${randomUUID()}`;
    const lease = { namespace, name, identity, leaseMs, renewDeadlineMs, retryMs };
    await lifeOf(
      () => (elected ? runAsLeader({ client, clock: systemClock, log, signal, ...lease }, act) : act(signal)),
      log,
      signal,
    );
    close();
  }

  private readConfig(file: string): string {
    try {
      return readFileSync(resolve(this.io.cwd, file), 'utf8');
    } catch (error) {
      throw new CliError(`--config: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private async configuration(file: string, modules: readonly string[], schedulerName: string) {
    // From the scheduler's own bundle: there import() can load a module of the user's.
    const { ConfigurationError, loadPlugins, readConfiguration } = await import('../server/scheduler/run.ts');
    // Another scheduler has a lease of its own: it acts beside the default one.
    const own = schedulerName === 'default-scheduler' ? 'kube-scheduler' : schedulerName;
    const text = file
      ? this.readConfig(file)
      : JSON.stringify({
          apiVersion: 'kubescheduler.config.k8s.io/v1',
          kind: 'KubeSchedulerConfiguration',
          leaderElection: { resourceName: own },
          profiles: [{ schedulerName }],
        });
    let about = '';
    try {
      const plugins = await Promise.all(modules.map((path) => loadPlugins(resolve(this.io.cwd, path))));
      if (file) about = `${file}: `;
      return readConfiguration(text, plugins.flat());
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      throw new CliError(about + error.message.split('\n').join(`\nerror: ${about}`));
    }
  }
}
