// `config set-context`. Upstream: kubectl/pkg/cmd/config/set_context.go.
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { ConfigCommand } from './_config.ts';

export default class SetContext extends ConfigCommand {
  static override summary = 'Set a context entry in kubeconfig';
  static description =
    'Specifying a name that already exists will merge new fields on top of existing values for those fields.';
  static examples = `# Set the user field on the gce context entry without touching other values
{program} config set-context gce --user=cluster-admin`;
  static override usage =
    '[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]';
  static override flags = {
    cluster: flag.string('cluster for the context entry in kubeconfig'),
    current: flag.bool('Modify the current context'),
    namespace: flag.string('namespace for the context entry in kubeconfig'),
    user: flag.string('user for the context entry in kubeconfig'),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(SetContext);
    if (args.length > 1) await this.unexpected(args);
    const given = args[0] ?? '';
    if (given === '' && !flags.current) throw new CliError('you must specify a non-empty context name or --current');
    if (given !== '' && flags.current) throw new CliError('you cannot specify both a context name and --current');
    let name = given;
    let existed = false;
    this.modify((config) => {
      if (flags.current) {
        if (config.currentContext === '') throw new CliError('no current context is set');
        name = config.currentContext;
      }
      existed = config.contexts.has(name);
      const context = { ...config.contexts.get(name) };
      for (const field of ['cluster', 'user', 'namespace'] as const) {
        if (this.changed(field)) context[field] = flags[field];
      }
      config.contexts.set(name, { cluster: '', user: '', ...context });
    });
    this.out(`Context ${JSON.stringify(name)} ${existed ? 'modified' : 'created'}.\n`);
  }
}
