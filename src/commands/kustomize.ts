// `kustomize`: builds a kustomization and prints it. Upstream: kustomize/v5 commands/build.
import { statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { HelmRunner } from '../api/kustomize/kustomize.ts';
import type { Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { kustomizeObjects } from '../cli/builder/kustomize.ts';
import { CliError } from '../cli/errors.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';

const ROOT_ONLY = 'LoadRestrictionsRootOnly';
const NONE = 'LoadRestrictionsNone';

export default class Kustomize extends Command {
  static override summary = "Build a set of KRM resources using a 'kustomization.yaml' file";
  static short = 'Build a kustomization target from a directory or URL';
  static description = `DIR is a folder with a 'kustomization.yaml', or the URL of a Git repository with the path of one in it. Without DIR it is '.'.`;
  static examples = `# Build the current working directory
{program} kustomize

# Build some shared configuration directory
{program} kustomize /home/config/production

# A folder of a repository
{program} kustomize https://github.com/kubernetes-sigs/kustomize.git/examples/helloWorld?ref=v1.0.6`;
  static override usage = 'DIR';
  static override flags = {
    'as-current-user': flag.bool('use the uid and gid of the command executor to run the function in the container'),
    'enable-alpha-plugins': flag.bool('enable kustomize plugins'),
    'enable-helm': flag.bool('Enable use of the Helm chart inflator generator.'),
    env: flag.slice('a list of environment variables to be used by functions', { short: 'e' }),
    'helm-api-versions': flag.array('Kubernetes api versions used by Helm for Capabilities.APIVersions'),
    'helm-command': flag.string('helm command (path to executable)', { default: 'helm' }),
    'helm-debug': flag.bool('Enable debug output from the Helm chart inflator generator.'),
    'helm-kube-version': flag.string('Kubernetes version used by Helm for Capabilities.KubeVersion'),
    mount: flag.array('a list of storage options read from the filesystem'),
    network: flag.bool('enable network access for functions that declare it'),
    'network-name': flag.string('the docker network to run the container in', { default: 'bridge' }),
    output: flag.string('If specified, write output to this path.', { short: 'o' }),
    'load-restrictor': flag.string(
      "if set to 'LoadRestrictionsNone', local kustomizations may load files from outside their root. This does, however, break the relocatability of the kustomization.",
      { default: ROOT_ONLY },
    ),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Kustomize);
    if (args.length > 1) throw new CliError('specify one path to kustomization.yaml');
    const restrictor = flags['load-restrictor'];
    if (restrictor !== ROOT_ONLY && restrictor !== NONE) {
      throw new CliError(`illegal flag value --load-restrictor ${restrictor}; legal values: [${ROOT_ONLY} ${NONE}]`);
    }
    const { toYaml } = await import('../cli/yaml.ts');
    const built = await kustomizeObjects(args[0] ?? '.', this.io, {
      warn: (warning) => this.err(`${warning}\n`),
      confined: restrictor !== NONE,
      ...(flags['enable-helm'] ? { helm: await this.helm(flags) } : {}),
    });
    const text = built.map(({ object }) => toYaml(object)).join('---\n');
    if (!flags.output) return this.write(text);
    const target = resolve(this.io.cwd, flags.output);
    if (!isFolder(target)) return save(target, flags.output, text);
    for (const { object } of built) {
      const name = fileNameOf(object);
      save(join(target, name), join(flags.output, name), toYaml(object));
    }
  }

  private async helm(flags: FlagValues<typeof Kustomize.flags>): Promise<HelmRunner> {
    if (flags['helm-command'] === '') throw new CliError('must specify --helm-command');
    const { helmRunner } = await import('../cli/builder/helm.ts');
    return helmRunner(
      {
        command: flags['helm-command'],
        debug: flags['helm-debug'],
        apiVersions: flags['helm-api-versions'],
        kubeVersion: flags['helm-kube-version'],
      },
      this.io,
    );
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** `apps_v1_deployment_web.yaml`, the namespace first where there is one. Upstream: fileName of kustomize/build. */
function fileNameOf({ apiVersion, kind, metadata }: Unstructured): string {
  const { namespace, name = '' } = metadata;
  const words = [...(namespace ? [namespace] : []), ...apiVersion.split('/'), kind, name];
  return `${words.join('_').toLowerCase().replaceAll(':', '-')}.yaml`;
}

function save(path: string, shown: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why: Record<string, string> = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      ENOSPC: 'no space left on device',
    };
    throw new CliError(`${code === 'ENOSPC' ? 'write' : 'open'} ${shown}: ${why[code ?? ''] ?? message}`);
  }
}
