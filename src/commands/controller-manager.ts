// `controller-manager`: the controllers alone, against any API server. All act as the one user of the kubeconfig.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { daemonClient, lifeOf, logFlags, noArguments } from '../cli/local/daemon.ts';
import { flag } from '../cli/pflag.ts';

export default class ControllerManager extends Command {
  static override summary = 'Run controllers alone, against any API server';
  static description = `Run controllers alone, against any API server. The keys of the cluster's authority stay with its server: certificates are approved here, but not signed.

Of several with one lease only the elected one acts; another takes over within 15 seconds.`;
  static examples = `# Run all controllers against the current context
{program} controller-manager

# Run two of them
{program} controller-manager --controllers deployment,replicaset

# Run another beside others that act
{program} controller-manager --controllers cronjob --leader-elect-resource-name cronjobs`;
  static override flags = {
    controllers: flag.slice('Which controllers to run. Default: all.'),
    'leader-elect': flag.bool('Act only while holding the lease.', { default: true }),
    'leader-elect-resource-name': flag.string('Name of the lease, in kube-system.', {
      default: 'kube-controller-manager',
    }),
    ...logFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(ControllerManager);
    noArguments(args);
    const { daemonLog } = await import('../cli/local/log.ts');
    const log = await daemonLog('controller-manager', flags['log-level']);
    const [{ controllerModules, runControllers }, { systemClock }, { runAsLeader }] = await Promise.all([
      import('../server/controllers/run.ts'),
      import('../client/clock.ts'),
      import('../client/leader.ts'),
    ]);
    const known = controllerModules().map((m) => m.name);
    const unknown = flags.controllers.find((name) => !known.includes(name));
    if (unknown)
      throw new CliError(`unknown controller "${unknown}" in --controllers: must be among ${known.join(', ')}`);
    const { client, close } = await daemonClient(this.context, 'kube-controller-manager');
    const names = flags.controllers.length > 0 ? { names: flags.controllers } : {};
    const { signal } = this.context;
    const common = { clock: systemClock, log };
    const act = (until: AbortSignal) => runControllers({ ...common, client: () => client, signal: until, ...names });
    const identity = `${hostname()}_${randomUUID()}`;
    const lease = { client, namespace: 'kube-system', name: flags['leader-elect-resource-name'], identity, signal };
    await lifeOf(() => (flags['leader-elect'] ? runAsLeader({ ...common, ...lease }, act) : act(signal)), log, signal);
    close();
  }
}
