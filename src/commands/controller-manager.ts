// `controller-manager`: the controllers alone, against any API server. All act as the one user of the kubeconfig.
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { daemonClient, lifeOf, logFlags, noArguments } from '../cli/local/daemon.ts';
import { flag } from '../cli/pflag.ts';

export default class ControllerManager extends Command {
  static override summary = 'Run controllers alone, against any API server';
  static description = `Run controllers alone, against any API server. The keys of the cluster's authority stay with its server: certificates are approved here, but not signed.`;
  static examples = `# Run all controllers against the current context
{program} controller-manager

# Run two of them
{program} controller-manager --controllers deployment,replicaset`;
  static override flags = {
    controllers: flag.slice('Which controllers to run. Default: all.'),
    ...logFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(ControllerManager);
    noArguments(args);
    const { daemonLog } = await import('../cli/local/log.ts');
    const log = await daemonLog('controller-manager', flags['log-level']);
    const [{ controllerModules, runControllers }, { systemClock }] = await Promise.all([
      import('../server/controllers/run.ts'),
      import('../client/clock.ts'),
    ]);
    const known = controllerModules().map((m) => m.name);
    const unknown = flags.controllers.find((name) => !known.includes(name));
    if (unknown)
      throw new CliError(`unknown controller "${unknown}" in --controllers: must be among ${known.join(', ')}`);
    const { client, close } = await daemonClient(this.context, 'kube-controller-manager');
    const names = flags.controllers.length > 0 ? { names: flags.controllers } : {};
    const { signal } = this.context;
    await lifeOf(
      () => runControllers({ client: () => client, clock: systemClock, log, signal, ...names }),
      log,
      signal,
    );
    close();
  }
}
