// `apply view-last-applied`. Upstream: kubectl/pkg/cmd/apply/apply_view_last_applied.go.
import { parseJson, stringifySorted } from '../../api/codec/json.ts';
import { Command } from '../../cli/base.ts';
import { Builder } from '../../cli/builder/builder.ts';
import { filenameFlags, selectorFlag } from '../../cli/flags.ts';
import { lastAppliedOf } from '../../cli/last-applied.ts';
import { flag } from '../../cli/pflag.ts';

export default class ViewLastApplied extends Command {
  static short = 'View the latest last-applied-configuration annotations of a resource/object';
  static override summary = 'View the latest last-applied-configuration annotations by type/name or file';
  static description =
    'The default output will be printed to stdout in YAML format. You can use the -o option to change the output format.';
  static examples = `# View the last-applied-configuration annotations by type/name in YAML
{program} apply view-last-applied deployment/nginx

# View the last-applied-configuration annotations by file in JSON
{program} apply view-last-applied -f deploy.yaml -o json`;
  static override usage = '(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)';
  static override flags = {
    all: flag.bool('Select all resources in the namespace of the specified resource types'),
    ...filenameFlags('Filename, directory, or URL to files that contains the last-applied-configuration annotations'),
    output: flag.string('Output format. Must be one of (yaml, json)', { short: 'o', default: 'yaml' }),
    ...selectorFlag,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(ViewLastApplied);
    if (!['yaml', 'json'].includes(flags.output)) {
      this.usageError(`Unexpected -o output mode: ${flags.output}, the flag 'output' must be one of yaml|json`);
    }
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: flags,
      labelSelector: flags.selector,
      all: flags.all,
      typeAlone: flags.all,
      fetch: 'latest',
    }).build();
    // Upstream stops at the first.
    if (built.errors.length > 0) throw built.errors[0];
    const { toYaml } = await import('../../cli/yaml.ts');
    for (const info of built.infos) {
      const text = lastAppliedOf(info.object!);
      if (text === undefined) continue;
      const value = parseJson(text);
      this.out(flags.output === 'json' ? `${stringifySorted(value, 2)}\n` : toYaml(value));
    }
  }
}
