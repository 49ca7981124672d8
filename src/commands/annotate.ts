// `annotate`. Upstream: kubectl/pkg/cmd/annotate/annotate.go.
import type { ObjectMeta } from '../api/types.ts';
import { CliError } from '../cli/errors.ts';
import { type PairChanges, splitPairs } from '../cli/metadata-edit.ts';
import { MetadataCommand, metadataFlags } from './_metadata-command.ts';

export default class Annotate extends MetadataCommand {
  static override summary = 'Update the annotations on one or more resources';
  static description = `All Kubernetes objects support the ability to store additional data with the object as annotations. Annotations are key/value pairs that can be larger than labels and include arbitrary string values such as structured JSON. Tools and system extensions may use annotations to store their own data.

Attempting to set an annotation that already exists will fail unless --overwrite is set. If --resource-version is specified and does not match the current resource version on the server the command will fail.`;
  static examples = `# Update pod 'foo' with the annotation 'description' and the value 'my frontend'
# If the same annotation is set multiple times, only the last value will be applied
{program} annotate pods foo description='my frontend'

# Update pod 'foo' with the annotation 'description' and the value 'my frontend running nginx', overwriting any existing value
{program} annotate --overwrite pods foo description='my frontend running nginx'

# Update all pods in the namespace
{program} annotate pods --all description='my frontend running nginx'

# Update pod 'foo' by removing an annotation named 'description' if it exists
# Does not require the --overwrite flag
{program} annotate pods foo description-

# The pod that a file names
{program} annotate -f pod.json description='my frontend'

# Only while the pod is as it was in version 1
{program} annotate pods foo description='my frontend running nginx' --resource-version=1`;
  static override usage =
    '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]';
  static override flags = metadataFlags({ noun: 'annotation', nouns: 'annotations', verb: 'annotate' });

  protected readonly field = 'annotations';
  protected readonly noun = 'annotation';

  async run(): Promise<void> {
    const { flags, args } = this.parse(Annotate);
    const { resources, pairs } = splitPairs(args, 'annotation');
    await this.change(flags, { resources, ...parseAnnotations(pairs) });
  }

  protected checkOverwrites(metadata: ObjectMeta, changes: PairChanges): void {
    const taken = [...changes.set].filter(([key]) => metadata.annotations?.[key] !== undefined);
    const different = taken.filter(([key, value]) => metadata.annotations![key] !== value);
    if (different.length > 0) {
      throw new CliError(
        `--overwrite is false but found the following declared annotation(s): ${different
          .map(([key]) => `'${key}' already has a value (${metadata.annotations![key]})`)
          .join('; ')}`,
      );
    }
  }

  protected operation(): string {
    return 'annotated';
  }
}

function parseAnnotations(pairs: readonly string[]): Pick<PairChanges, 'set' | 'remove'> {
  const set = new Map<string, string>();
  const remove: string[] = [];
  const invalid: string[] = [];
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at > 0) set.set(pair.slice(0, at), pair.slice(at + 1));
    else if (pair.endsWith('-')) remove.push(pair.slice(0, -1));
    else invalid.push(pair);
  }
  if (invalid.length > 0) throw new CliError(`invalid annotation format: ${invalid.join(', ')}`);
  const both = remove.filter((key) => set.has(key));
  if (both.length > 0) {
    throw new CliError(
      `can not both modify and remove the following annotation(s) in the same command: ${both.join(', ')}`,
    );
  }
  return { set, remove };
}
