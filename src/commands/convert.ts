// `convert`: manifests in another API version, as the plug-in kubectl-convert makes them. Upstream:
// kubernetes/pkg/kubectl/cmd/convert/convert.go.
import { parseJson, stringifySorted } from '../api/codec/json.ts';
import type { Unstructured } from '../api/types.ts';
import { parseApiVersion } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { VersionConverter } from '../cli/convert.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { fieldValidationOf, filenameFlags, validateFlag } from '../cli/flags.ts';
import { flag } from '../cli/pflag.ts';
import { objectPrinter, printFlags, printOptionsOf } from '../cli/print/object.ts';

export default class Convert extends Command {
  static short = 'Convert config files between different API versions';
  static override summary =
    'Convert config files between different API versions. Both YAML and JSON formats are accepted.';
  static description = `The command takes filename, directory, or URL as input, and converts it into the version that --output-version names. Without it the objects come in the version that their kinds prefer.

The default output will be printed to stdout in YAML format. One can use -o option to change to output destination.`;
  static examples = `# Convert 'pod.yaml' to latest version and print to stdout
{program} convert -f pod.yaml

# Convert an Ingress of earlier days
{program} convert -f ingress.yaml --output-version networking.k8s.io/v1

# Convert all files under current directory to latest version and create them all
{program} convert -f . | {program} create -f -`;
  static override usage = '-f FILENAME';
  static override flags = {
    ...filenameFlags('to need to get converted.'),
    local: flag.bool('If true, convert will NOT try to contact api-server but run locally.', { default: true }),
    'output-version': flag.string(
      "Output the formatted object with the given group version (for ex: 'extensions/v1beta1').",
    ),
    ...printFlags,
    output: { ...printFlags.output, default: 'yaml' },
    ...validateFlag,
  };

  async run(): Promise<void> {
    const { flags } = this.parse(Convert);
    if (flags.filename.length === 0 && !flags.kustomize) throw new CliError('must specify one of -f and -k');
    // A template alone is a format, too; the one of --output is only a default then.
    const output = flags.template && !this.changed('output') ? '' : flags.output;
    const print = await objectPrinter({ ...printOptionsOf(flags), output, typed: true, cwd: this.io.cwd });
    const validation = fieldValidationOf(flags.validate);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      files: flags,
      local: true,
      ...(flags.local ? {} : { validation }),
    }).build();
    throwCollected(built.errors);
    if (built.infos.length === 0) throw new CliError('no objects passed to convert');
    if (!flags.local) await this.checkMappings(built.infos);
    const version = flags['output-version'];
    if (version.split('/').length > 2) throw new CliError(`unexpected GroupVersion string: ${version}`);
    const kinds = (await import('../api/kinds/index.gen.ts')).default;
    const converter = new VersionConverter(kinds);
    const objects = built.infos.map((info) => inOrder(converter.convert(info.object!, version, info.source)));
    if (objects.length === 1 && this.isOneFile(flags.filename, built.infos)) return this.out(print(objects[0]!));
    this.out(print({ kind: 'List', apiVersion: 'v1', metadata: {}, items: objects } as unknown as Unstructured));
  }

  /** One file with one object is that object; anything else is a List. */
  private isOneFile(filename: readonly string[], infos: readonly Info[]): boolean {
    return filename.length === 1 && filename[0] !== '-' && infos.length === 1;
  }

  private async checkMappings(infos: readonly Info[]): Promise<void> {
    const mapper = await (await this.cluster()).mapper();
    for (const { object, source = '' } of infos) {
      const { group, version } = parseApiVersion(object!.apiVersion);
      if (await mapper.kind(group, version, object!.kind)) continue;
      const { name = '', namespace = '' } = object!.metadata ?? {};
      throw new CliError(
        `resource mapping not found for name: ${JSON.stringify(name)} namespace: ${JSON.stringify(namespace)} from ${JSON.stringify(source)}: no matches for kind ${JSON.stringify(object!.kind)} in version ${JSON.stringify(object!.apiVersion)}\nensure CRDs are installed first`,
      );
    }
  }
}

/** Kind, version, metadata, and what else there is: the order of Go's structs, but for what is within them. */
function inOrder(object: Unstructured): Unstructured {
  const { kind, apiVersion, metadata, ...rest } = parseJson(stringifySorted(object)) as Unstructured;
  return { kind, apiVersion, metadata, ...rest } as Unstructured;
}
