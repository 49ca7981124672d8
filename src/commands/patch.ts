// `patch`. Upstream: kubectl/pkg/cmd/patch/patch.go.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isReason } from '../api/status.ts';
import type { Unstructured } from '../api/types.ts';
import { stringifySorted } from '../api/codec/json.ts';
import { CHANGE_CAUSE, Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { type DryRun, dryRunFlag, dryRunOf, fieldManagerFlag, filenameFlags, recordFlag } from '../cli/flags.ts';
import { operationPrinter, patchObject } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';

const types = ['json', 'merge', 'strategic'] as const;
type Type = (typeof types)[number];

const flags = {
  ...dryRunFlag,
  ...fieldManagerFlag('kubectl-patch'),
  ...filenameFlags('Filename, directory, or URL to files identifying the resource to update'),
  local: flag.bool('If true, patch will operate on the content of the file, not the server-side resource.'),
  ...printFlags,
  ...recordFlag,
  patch: flag.string('The patch to be applied to the resource JSON file.', { short: 'p' }),
  'patch-file': flag.string('A file containing a patch to be applied to the resource.'),
  subresource: flag.string(
    'If specified, patch will operate on the subresource of the requested object. This flag is beta and may change in the future.',
  ),
  type: flag.string('The type of patch being provided; one of [json merge strategic]', { default: 'strategic' }),
};

export default class Patch extends Command {
  static override summary =
    'Update fields of a resource using strategic merge patch, a JSON merge patch, or a JSON patch';
  static description = `JSON and YAML formats are accepted.

Note: Strategic merge patch is not supported for custom resources.`;
  static examples = `# Partially update a node using a strategic merge patch, specifying the patch as JSON
{program} patch node k8s-node-1 -p '{"spec":{"unschedulable":true}}'

# Partially update a node using a strategic merge patch, specifying the patch as YAML
{program} patch node k8s-node-1 -p $'spec:\\n unschedulable: true'

# Partially update a node identified by the type and name specified in "node.json" using strategic merge patch
{program} patch -f node.json -p '{"spec":{"unschedulable":true}}'

# Update a container's image; spec.containers[*].name is required because it's a merge key
{program} patch pod valid-pod -p '{"spec":{"containers":[{"name":"kubernetes-serve-hostname","image":"new image"}]}}'

# Update a container's image using a JSON patch with positional arrays
{program} patch pod valid-pod --type='json' -p='[{"op": "replace", "path": "/spec/containers/0/image", "value":"new image"}]'

# Update a deployment's replicas through the 'scale' subresource using a merge patch
{program} patch deployment nginx-deployment --subresource='scale' --type='merge' -p '{"spec":{"replicas":2}}'`;
  static override usage = '(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private dryRun: DryRun = 'none';

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Patch);
    this.opts = opts;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const type = this.validate(args);
    const patch = await this.readPatch();
    // Upstream sets the word after the dry run was noted: it is not told.
    const print = await operationPrinter(printOptionsOf(opts), 'none');
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: opts,
      subresource: opts.subresource,
      local: opts.local,
    }).build();
    const errors: unknown[] = [];
    for (const info of built.infos) {
      try {
        const after = await this.patchOne(info, type, patch);
        const same = stringifySorted(info.object) === stringifySorted(after);
        const recorded = await this.recordCause(info, after);
        this.out(print(recorded, same ? 'patched (no change)' : 'patched'));
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected([...errors, ...built.errors]);
    if (built.infos.length === 0) throw new CliError('no objects passed to patch');
  }

  private validate(args: readonly string[]): Type {
    const { opts } = this;
    if (opts.patch && opts['patch-file']) throw new CliError('cannot specify --patch and --patch-file together');
    if (!opts.patch && !opts['patch-file']) {
      throw new CliError('must specify --patch or --patch-file containing the contents of the patch');
    }
    if (opts.local && args.length > 0) throw new CliError('cannot specify --local and server resources');
    if (opts.local && this.dryRun === 'server') {
      throw new CliError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?');
    }
    const type = types.find((t) => t === opts.type.toLowerCase());
    if (!type) throw new CliError(`--type must be one of [json merge strategic], not ${JSON.stringify(opts.type)}`);
    return type;
  }

  private async readPatch(): Promise<unknown> {
    const file = this.opts['patch-file'];
    let text = this.opts.patch;
    if (file) {
      try {
        text = readFileSync(resolve(this.io.cwd, file), 'utf8');
      } catch (error) {
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        throw new CliError(
          `unable to read patch file: ${missing ? `open ${file}: no such file or directory` : (error as Error).message}`,
        );
      }
    }
    // What looks like JSON goes to the server as it is; its errors are the server's.
    if (/^\s*\{/.test(text) && !this.opts.local && this.dryRun !== 'client') return Buffer.from(text);
    const { parseYaml } = await import('../cli/yaml.ts');
    try {
      return parseYaml(text);
    } catch (error) {
      throw new CliError(`unable to parse ${JSON.stringify(this.opts.patch)}: ${(error as Error).message}`);
    }
  }

  /** --record is a patch of its own; what becomes of it is nobody's trouble. */
  private async recordCause(info: Info, after: Unstructured): Promise<Unstructured> {
    const { opts, dryRun } = this;
    if (this.changeCause === undefined || opts.local || dryRun === 'client') return after;
    const body = { metadata: { annotations: { [CHANGE_CAUSE]: this.changeCause } } };
    const options = { dryRun, fieldManager: opts['field-manager'], subresource: opts.subresource };
    return patchObject(await this.cluster(), info, 'merge', body, options).catch(() => after);
  }

  private async patchOne(info: Info, type: Type, patch: unknown): Promise<Unstructured> {
    const { opts, dryRun } = this;
    if (!opts.local && dryRun !== 'client') {
      try {
        return await patchObject(await this.cluster(), info, type, patch, {
          dryRun,
          fieldManager: opts['field-manager'],
          subresource: opts.subresource,
        });
      } catch (error) {
        if (!isReason(error, 'UnsupportedMediaType')) throw error;
        const { group, version, kind } = info.mapping;
        const names = { json: 'json-patch', merge: 'merge-patch', strategic: 'strategic-merge-patch' };
        throw new CliError(
          `application/${names[type]}+json is not supported by ${group}/${version}, Kind=${kind}: ${error.message}`,
        );
      }
    }
    const { patchLocally } = await import('../cli/apply/local-patch.ts');
    return patchLocally(info.object!, type, patch);
  }
}
