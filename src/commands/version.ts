// `version`. Upstream: kubectl/pkg/cmd/version/version.go.
import { stringifyJson } from '../api/codec/json.ts';
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { flag } from '../cli/pflag.ts';
import { clientVersion, kustomizeVersion, type VersionInfo } from '../cli/version-info.ts';

const SUPPORTED_SKEW = 1;

export default class Version extends Command {
  static override summary = 'Print the client and server version information for the current context';
  static examples = `# Print the client and server versions for the current context
{program} version`;
  static override flags = {
    client: flag.bool('If true, shows client version only (no server required).'),
    output: flag.string("One of 'yaml' or 'json'.", { short: 'o' }),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Version);
    if (args.length > 0) throw new CliError(`extra arguments: [${args.join(' ')}]`);
    if (!['', 'yaml', 'json'].includes(flags.output)) throw new CliError("--output must be 'yaml' or 'json'");
    let server: VersionInfo | undefined;
    let failure: unknown;
    if (!flags.client) {
      try {
        server = await (await this.cluster()).json<never>('GET', '/version');
      } catch (error) {
        failure = error;
      }
    }
    await this.print(flags.output, server);
    if (server) this.warnOfSkew(server);
    if (failure !== undefined) throw failure;
  }

  private async print(output: string, server: VersionInfo | undefined): Promise<void> {
    const all = { clientVersion, kustomizeVersion, ...(server ? { serverVersion: server } : {}) };
    if (output === 'json') return this.out(`${stringifyJson(all, 2)}\n`);
    if (output === 'yaml') {
      const { toYaml } = await import('../cli/yaml.ts');
      return this.out(`${toYaml(all)}\n`);
    }
    this.out(`Client Version: ${clientVersion.gitVersion}\nKustomize Version: ${kustomizeVersion}\n`);
    if (server) this.out(`Server Version: ${server.gitVersion}\n`);
  }

  private warnOfSkew(server: VersionInfo): void {
    const ours = majorMinor(clientVersion.gitVersion);
    const theirs = majorMinor(server.gitVersion);
    if (ours[0] === theirs[0] && Math.abs(ours[1] - theirs[1]) <= SUPPORTED_SKEW) return;
    this.err(
      `WARNING: version difference between client (${ours.join('.')}) and server (${theirs.join('.')}) exceeds the supported minor version skew of +/-${SUPPORTED_SKEW}\n`,
    );
  }
}

function majorMinor(gitVersion: string): [number, number] {
  const match = /^v(\d+)\.(\d+)/.exec(gitVersion);
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}
