// What the config commands share: which files count, their merged content, changes to them.
import { existsSync } from 'node:fs';
import { Command } from '../../cli/base.ts';
import { CliError } from '../../cli/errors.ts';
import { type KubeConfig, kubeConfigPaths, loadKubeConfig } from '../../client/kubeconfig.ts';
import { modifyKubeConfig } from '../../client/kubeconfig-write.ts';

export abstract class ConfigCommand extends Command {
  protected get explicitFile(): string | undefined {
    return this.context.globals.kubeconfig || undefined;
  }
  protected get paths(): string[] {
    return kubeConfigPaths(this.explicitFile, this.io.env);
  }
  /** The file that messages name: the given one, or the first that exists. */
  protected get fileName(): string {
    const { paths } = this;
    return paths.find((p) => existsSync(p)) ?? paths[paths.length - 1]!;
  }
  protected load(): KubeConfig {
    return loadKubeConfig(this.paths);
  }
  protected modify(change: (config: KubeConfig) => void): void {
    modifyKubeConfig(this.paths, change);
  }

  /** The only argument of commands that take one; help first, as upstream's helpErrorf. */
  protected async oneArgument(args: readonly string[]): Promise<string> {
    if (args.length === 1) return args[0]!;
    return this.unexpected(args);
  }

  /** Help instead of a complaint. */
  protected async helpAlone(): Promise<void> {
    const { commandHelp } = await import('../../cli/help.ts');
    const { path, program } = this.context;
    this.out(commandHelp(this.constructor as never, path, program, []));
  }

  protected async unexpected(args: readonly string[]): Promise<never> {
    await this.helpAlone();
    throw new CliError(`Unexpected args: [${args.join(' ')}]`);
  }
}
