// `api-resources`. Upstream: kubectl/pkg/cmd/apiresources/apiresources.go.
import { apiVersionOf } from '../api/types.ts';
import type { Mapping } from '../cli/builder/mapper.ts';
import { Command } from '../cli/base.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { Columns } from '../cli/print/columns.ts';

const flags = {
  'api-group': flag.string('Limit to resources in the specified API group.'),
  cached: flag.bool('Use the cached list of resources if available.'),
  categories: flag.slice('Limit to resources that belong to the specified categories.'),
  namespaced: flag.bool(
    'If false, non-namespaced resources will be returned, otherwise returning namespaced resources by default.',
    { default: true },
  ),
  'no-headers': flag.bool(
    "When using the default or custom-column output format, don't print headers (default print headers).",
  ),
  output: flag.string('Output format. One of: (json, yaml, name, wide).', { short: 'o' }),
  'sort-by': flag.string(
    "If non-empty, sort list of resources using specified field. The field can be either 'name' or 'kind'.",
  ),
  verbs: flag.slice('Limit to resources that support the specified verbs.'),
};

export default class ApiResources extends Command {
  static override summary = 'Print the supported API resources on the server';
  static examples = `# Print the supported API resources
{program} api-resources

# Print the supported API resources with more information
{program} api-resources -o wide

# Print the supported API resources sorted by a column
{program} api-resources --sort-by=name

# Print the supported namespaced resources
{program} api-resources --namespaced=true

# Print the supported API resources with a specific APIGroup
{program} api-resources --api-group=rbac.authorization.k8s.io

# Resources without a namespace
{program} api-resources --namespaced=false`;
  static override flags = flags;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(ApiResources);
    if (args.length > 0) this.usageError(`unexpected arguments: [${args.join(' ')}]`);
    if (!['', 'wide', 'name', 'json', 'yaml', 'kyaml'].includes(opts.output))
      throw new CliError(`--output ${opts.output} is not available`);
    if (!['', 'name', 'kind'].includes(opts['sort-by'])) throw new CliError('--sort-by accepts only name or kind');
    const { resources, errors } = await this.discovered();
    const rows = preferred(resources).filter((r) => this.wanted(r, opts));
    rows.sort((a, b) => compare(a, b, opts['sort-by']));
    if (opts.output === 'name') this.out(rows.map((r) => `${r.plural}${r.group ? `.${r.group}` : ''}\n`).join(''));
    else if (['json', 'yaml', 'kyaml'].includes(opts.output)) await this.list(rows, opts.output);
    else this.table(rows, opts.output === 'wide', opts['no-headers']);
    throwCollected(errors);
  }

  /** What cannot be read is told after what can be. */
  private async discovered(): Promise<{ resources: Mapping[]; errors: unknown[] }> {
    const cluster = await this.cluster();
    try {
      const { resources, failed } = await (await cluster.mapper()).fresh();
      const incomplete = 'unable to retrieve the complete list of server APIs';
      const why = 'the server is currently unable to handle the request';
      return { resources, errors: failed.map((gv) => new CliError(`${incomplete}: ${gv}: ${why}`)) };
    } catch (error) {
      return { resources: [], errors: [error] };
    }
  }

  private wanted(r: Mapping, opts: FlagValues<typeof flags>): boolean {
    if (r.verbs.length === 0) return false;
    if (this.changed('api-group') && opts['api-group'] !== r.group) return false;
    if (this.changed('namespaced') && opts.namespaced !== r.namespaced) return false;
    return opts.verbs.every((v) => r.verbs.includes(v)) && opts.categories.every((c) => r.categories.includes(c));
  }

  /** Since 1.33. The server's hashes of storage versions are not known here. */
  private async list(rows: readonly Mapping[], output: string): Promise<void> {
    const resources = rows.map((r) => ({
      name: r.plural,
      singularName: r.singular,
      namespaced: r.namespaced,
      ...(r.group ? { group: r.group } : {}),
      version: r.version,
      kind: r.kind,
      verbs: r.verbs,
      ...(r.shortNames.length > 0 ? { shortNames: r.shortNames } : {}),
      ...(r.categories.length > 0 ? { categories: r.categories } : {}),
    }));
    const list = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: '', resources };
    if (output === 'json') return this.out(`${JSON.stringify(list, null, 4)}\n`);
    if (output === 'kyaml') {
      const { stringifyKyaml } = await import('../api/codec/kyaml.ts');
      return this.out(stringifyKyaml(list, true));
    }
    const { toYaml } = await import('../cli/yaml.ts');
    this.out(toYaml(list));
  }

  private table(rows: readonly Mapping[], wide: boolean, noHeaders: boolean): void {
    const columns = new Columns();
    const head = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND'];
    if (!noHeaders) columns.add(wide ? [...head, 'VERBS', 'CATEGORIES'] : head);
    for (const r of rows) {
      const cells = [r.plural, r.shortNames.join(','), apiVersionOf(r), String(r.namespaced), r.kind];
      columns.add(wide ? [...cells, r.verbs.join(','), r.categories.join(',')] : cells);
    }
    this.out(columns.flush());
  }
}

/** Each resource of a group once, in the version that the server prefers. */
function preferred(resources: readonly Mapping[]): Mapping[] {
  const found = new Map<string, Mapping>();
  for (const r of resources) {
    const key = `${r.plural}.${r.group}`;
    if (!found.has(key)) found.set(key, r);
  }
  return [...found.values()];
}

/** Upstream sorts by group, then name, unless told otherwise. */
function compare(a: Mapping, b: Mapping, by: string): number {
  const order = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);
  if (by === 'name') return order(a.plural, b.plural);
  if (by === 'kind') return order(a.kind, b.kind);
  return order(a.group, b.group) || order(a.plural, b.plural);
}
