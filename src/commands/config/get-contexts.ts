// `config get-contexts`. Upstream: kubectl/pkg/cmd/config/get_contexts.go.
import { CliError, throwCollected } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { Columns } from '../../cli/print/columns.ts';
import { ConfigCommand } from './_config.ts';

export default class GetContexts extends ConfigCommand {
  static short = 'Describe one or many contexts';
  static override summary = 'Display one or many contexts from the kubeconfig file';
  static examples = `# List all the contexts in your kubeconfig file
{program} config get-contexts

# Describe one context in your kubeconfig file
{program} config get-contexts my-context`;
  static override usage = '[(-o|--output=)name)]';
  static override flags = {
    'no-headers': flag.bool(
      "When using the default or custom-column output format, don't print headers (default print headers).",
    ),
    output: flag.string('Output format. One of: (name).', { short: 'o' }),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(GetContexts);
    if (flags.output !== '' && flags.output !== 'name') {
      throw new CliError(
        `--output ${flags.output} is not available in ${this.context.program} config get-contexts; resetting to default output format`,
      );
    }
    const nameOnly = flags.output === 'name';
    const config = this.load();
    const known = args.filter((name) => config.contexts.has(name));
    const errors = args.filter((n) => !config.contexts.has(n)).map((n) => new CliError(`context ${n} not found`));
    const names = (args.length === 0 ? [...config.contexts.keys()] : known).sort();
    const columns = new Columns();
    if (!flags['no-headers'] && !nameOnly) columns.add(['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE']);
    for (const name of names) {
      const { cluster = '', user = '', namespace = '' } = config.contexts.get(name) ?? {};
      const mark = config.currentContext === name ? '*' : ' ';
      columns.add(nameOnly ? [name] : [mark, name, cluster, user, namespace]);
    }
    this.out(columns.flush());
    throwCollected(errors);
  }
}
