// `gitops run`: the GitOps loop in the foreground, against any API server.
import { resolve } from 'node:path';
import { join } from 'node:path';
import { Command } from '../../cli/base.ts';
import { daemonClient, logFlags } from '../../cli/local/daemon.ts';
import { flag } from '../../cli/pflag.ts';

export default class GitOpsRun extends Command {
  static override summary = 'Run the GitOps loop';
  static description =
    'Run the GitOps loop in the foreground. Its kinds, GitRepository and Kustomization, are installed when the cluster does not have them.';
  static examples = `# Run it against the current context
{program} gitops run --data-dir ./data

# Run it in a pod, as its service account
{program} gitops run`;
  static override flags = {
    'data-dir': flag.string('Directory of the clones; it may be lost.', { default: '/var/lib/sampan' }),
    ...logFlags,
  };

  async run(): Promise<void> {
    const { flags } = this.parse(GitOpsRun);
    const { daemonLog } = await import('../../cli/local/log.ts');
    const log = await daemonLog('gitops', flags['log-level']);
    const { client, close } = daemonClient(this.context, 'sampan-gitops');
    const { runGitOps } = await import('../../gitops/gitops.ts');
    const cacheFolder = join(resolve(flags['data-dir']), 'git');
    await runGitOps({ client, cacheFolder, log, signal: this.context.signal });
    close();
  }
}
