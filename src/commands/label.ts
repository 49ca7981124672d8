// `label`. Upstream: kubectl/pkg/cmd/label/label.go.
import { stringifyJson } from '../api/codec/json.ts';
import { labelValueErrors } from '../api/names.ts';
import type { ObjectMeta, Unstructured } from '../api/types.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { type PairChanges, splitPairs } from '../cli/metadata-edit.ts';
import { MetadataCommand, metadataFlags } from './_metadata-command.ts';

export default class Label extends MetadataCommand {
  static override summary = 'Update the labels on a resource';
  static description = `  *  A label key and value must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up to 63 characters each.
  *  Optionally, the key can begin with a DNS subdomain prefix and a single '/', like example.com/my-app.
  *  If --overwrite is true, then existing labels can be overwritten, otherwise attempting to overwrite a label will result in an error.
  *  If --resource-version is specified, then updates will use this resource version, otherwise the existing resource-version will be used.`;
  static examples = `# Update pod 'foo' with the label 'unhealthy' and the value 'true'
{program} label pods foo unhealthy=true

# Update pod 'foo' with the label 'status' and the value 'unhealthy', overwriting any existing value
{program} label --overwrite pods foo status=unhealthy

# Update all pods in the namespace
{program} label pods --all status=unhealthy

# Update a pod identified by the type and name in "pod.json"
{program} label -f pod.json status=unhealthy

# Update pod 'foo' only if the resource is unchanged from version 1
{program} label pods foo status=unhealthy --resource-version=1

# Update pod 'foo' by removing a label named 'bar' if it exists
# Does not require the --overwrite flag
{program} label pods foo bar-`;
  static override usage =
    '[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]';
  static override flags = metadataFlags({ noun: 'label', nouns: 'labels', verb: 'label' });

  protected readonly field = 'labels';
  protected readonly noun = 'label';

  async run(): Promise<void> {
    const { flags, args } = this.parse(Label);
    const { resources, pairs } = splitPairs(args, 'label');
    await this.change(flags, { resources, ...parseLabels(pairs) });
  }

  protected checkOverwrites(metadata: ObjectMeta, changes: PairChanges): void {
    const errors: CliError[] = [];
    for (const [key, value] of changes.set) {
      const current = metadata.labels?.[key];
      if (current !== undefined && current !== value) {
        errors.push(new CliError(`'${key}' already has a value (${current}), and --overwrite is false`));
      }
    }
    throwCollected(errors);
  }

  protected operation(before: Unstructured, after: Unstructured, overwrite: boolean): string {
    const [old, now] = [stringifyJson(before), stringifyJson(after)];
    if (sameLabels(before, after) && old.length === now.length) return 'not labeled';
    return !overwrite && now.length < old.length ? 'unlabeled' : 'labeled';
  }
}

function sameLabels(a: Unstructured, b: Unstructured): boolean {
  const [x, y] = [a.metadata.labels ?? {}, b.metadata.labels ?? {}];
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((k) => x[k] === y[k]);
}

export function parseLabels(specs: readonly string[]): Pick<PairChanges, 'set' | 'remove'> {
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const spec of specs) {
    if (spec.includes('=')) {
      const parts = spec.split('=');
      if (parts.length !== 2) throw new CliError(`invalid label spec: ${spec}`);
      const problems = labelValueErrors(parts[1]!);
      if (problems.length > 0)
        throw new CliError(`invalid label value: ${JSON.stringify(spec)}: ${problems.join(';')}`);
      set.set(parts[0]!, parts[1]!);
    } else if (spec.endsWith('-')) remove.push(spec.slice(0, -1));
    else throw new CliError(`unknown label spec: ${spec}`);
  }
  if (remove.some((key) => set.has(key))) {
    throw new CliError('can not both modify and remove a label in the same command');
  }
  return { set, remove };
}
