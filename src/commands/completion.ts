// `completion`: a shell's script, which asks the hidden __complete. Upstream: kubectl/pkg/cmd/completion/completion.go.
import { Command } from '../cli/base.ts';
import { completionScript } from '../cli/completion-scripts.ts';

export default class Completion extends Command {
  static override summary =
    'Output shell completion code for the specified shell (bash, zsh, fish, or powershell). The shell code must be evaluated to provide interactive completion of {program} commands.  This can be done by sourcing it from the .bash_profile';
  static short = 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)';
  static description = 'Names of objects, namespaces and contexts are completed, too: they are asked for as you type.';
  static examples = `# Load the {program} completion code for bash into the current shell
source <({program} completion bash)

# Write bash completion code to a file and source it from .bash_profile
{program} completion bash > ~/.kube/completion.bash.inc

# Load the {program} completion code for zsh[1] into the current shell
source <({program} completion zsh)

# Load the {program} completion code for fish[2] into the current shell
{program} completion fish | source`;
  static override usage = 'SHELL';

  run(): Promise<void> {
    const { args } = this.context.parsed;
    if (args.length === 0) this.usageError('Shell not specified.');
    if (args.length > 1) this.usageError('Too many arguments. Expected only the shell type.');
    const script = completionScript(args[0]!, this.context.program);
    if (script === undefined) this.usageError(`Unsupported shell type ${JSON.stringify(args[0])}.`);
    this.out(script);
    return Promise.resolve();
  }
}
