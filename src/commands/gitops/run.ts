// `gitops run`: the GitOps loop in the foreground, against any API server.
import { join, resolve } from 'node:path';
import { Command } from '../../cli/base.ts';
import { daemonClient, lifeOf, logFlags, noArguments } from '../../cli/local/daemon.ts';
import { checkDataDir } from '../../cli/local/preflight.ts';
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
    const { flags, args } = this.parse(GitOpsRun);
    noArguments(args);
    const { daemonLog } = await import('../../cli/local/log.ts');
    const log = await daemonLog('gitops', flags['log-level']);
    const { client, close } = await daemonClient(this.context, 'sampan-gitops');
    const { runGitOps } = await import('../../gitops/gitops.ts');
    const cacheFolder = join(resolve(flags['data-dir']), 'git');
    const { signal } = this.context;
    checkDataDir(cacheFolder);
    await lifeOf(() => runGitOps({ client, cacheFolder, log, signal }), log, signal);
    close();
  }
}
