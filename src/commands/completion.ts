// `completion`: a shell's script, which asks the hidden __complete. Upstream: kubectl/pkg/cmd/completion/completion.go.
import { Command } from '../cli/base.ts';
import { completionScript } from '../cli/completion-scripts.ts';

export default class Completion extends Command {
  static override summary =
    'Output shell completion code for the specified shell (bash, zsh, fish, or powershell). The shell code must be evaluated to provide interactive completion of {program} commands.  This can be done by sourcing it from the .bash_profile';
  static short = 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)';
  static description = 'Names of objects, namespaces and contexts are completed, too: they are asked for as you type.';
  static examples = `# bash: load it into this shell (the package bash-completion must be installed; on macOS bash 4.1 or later, too:
# brew install bash-completion@2, or bash-completion for bash 3.2)
source <({program} completion bash)

# bash: load it into all shells to come
{program} completion bash > ~/.kube/completion.bash.inc
printf "source '$HOME/.kube/completion.bash.inc'\\n" >> $HOME/.bash_profile

# bash of homebrew on macOS
{program} completion bash > $(brew --prefix)/etc/bash_completion.d/{program}

# zsh (5.2 or later): load it into this shell
source <({program} completion zsh)

# zsh: load it into all shells to come
{program} completion zsh > "\${fpath[1]}/_{program}"

# fish: load it into this shell
{program} completion fish | source

# fish: load it into all shells to come
{program} completion fish > ~/.config/fish/completions/{program}.fish

# powershell: load it into this shell
{program} completion powershell | Out-String | Invoke-Expression

# powershell: load it into all shells to come, from a file or from the profile itself
{program} completion powershell > $HOME\\.kube\\completion.ps1
Add-Content $PROFILE "$HOME\\.kube\\completion.ps1"
{program} completion powershell >> $PROFILE`;
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
