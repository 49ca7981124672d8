// `plugin list`. Upstream: kubectl/pkg/cmd/plugin/plugin.go.
import { basename } from 'node:path';
import { Command } from '../../cli/base.ts';
import { PlainError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { isExecutable, listPlugins } from '../../cli/plugins.ts';
import { rootCommandNames } from '../../cli/topics.ts';

export default class PluginList extends Command {
  static override summary =
    "List all available plugin files on a user's PATH. To see plugins binary names without the full path use --name-only flag";
  static short = "List all visible plugin executables on a user's PATH";
  static description = `Available plugin files are those that are: - executable - anywhere on the user's PATH - begin with "kubectl-" or "sampan-"`;
  static examples = `# List all available plugins
{program} plugin list

# List only binary names of available plugins without paths
{program} plugin list --name-only`;
  static override usage = '[flags]';
  static override flags = {
    'name-only': flag.bool('If true, display only the binary name of each plugin, rather than its full path'),
  };

  run(): Promise<void> {
    const { flags } = this.parse(PluginList);
    const files = listPlugins(this.io, (text) => this.err(text));
    const problems: string[] = [];
    if (files.length > 0) this.out('The following compatible plugins are available:\n\n');
    else problems.push(`error: unable to find any ${this.context.program} plugins in your PATH`);
    const seen = new Map<string, string>();
    let warnings = 0;
    for (const file of files) {
      this.out(`${flags['name-only'] ? basename(file) : file}\n`);
      for (const text of this.verify(file, seen)) {
        this.err(`  - ${text}\n`);
        warnings++;
      }
    }
    if (warnings === 1) problems.push('error: one plugin warning was found');
    else if (warnings > 1) problems.push(`error: ${warnings} plugin warnings were found`);
    if (problems.length > 0) throw new PlainError(problems.join('\n'));
    return Promise.resolve();
  }

  private verify(file: string, seen: Map<string, string>): string[] {
    const name = basename(file);
    const texts: string[] = [];
    if (!isExecutable(file)) {
      texts.push(`warning: ${file} identified as a ${this.context.program} plugin, but it is not executable`);
    }
    const earlier = seen.get(name);
    if (earlier) texts.push(`warning: ${file} is overshadowed by a similarly named plugin: ${earlier}`);
    else seen.set(name, file);
    const command = name.split('-')[1] ?? '';
    if (rootCommandNames.includes(command)) {
      texts.push(`warning: ${name} overwrites existing command: "${this.context.program} ${command}"`);
    }
    return texts;
  }
}
