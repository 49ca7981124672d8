// The common body of `label` and `annotate`: find objects, change one of their maps of strings by a merge patch.
import type { ObjectMeta, Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import {
  allNamespacesFlag,
  type DryRun,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  fieldSelectorFlag,
  filenameFlags,
  recordFlag,
  selectorFlag,
} from '../cli/flags.ts';
import { changedMap, mapPatch, type PairChanges } from '../cli/metadata-edit.ts';
import { operationPrinter, type OperationPrinter, patchObject } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';

export const metadataFlags = (words: { noun: string; nouns: string; verb: string }) => ({
  all: flag.bool('Select all resources, in the namespace of the specified resource types'),
  ...allNamespacesFlag,
  ...dryRunFlag,
  ...fieldManagerFlag(`kubectl-${words.verb}`),
  ...fieldSelectorFlag,
  ...filenameFlags(`Filename, directory, or URL to files identifying the resource to update the ${words.nouns}`),
  list: flag.bool(`If true, display the ${words.nouns} for a given resource.`),
  local: flag.bool(`If true, ${words.noun} will NOT contact api-server but run locally.`),
  overwrite: flag.bool(
    `If true, allow ${words.nouns} to be overwritten, otherwise reject ${words.noun} updates that overwrite existing ${words.nouns}.`,
  ),
  ...printFlags,
  ...recordFlag,
  'resource-version': flag.string(
    `If non-empty, the ${words.noun === 'label' ? 'labels' : words.noun} update will only succeed if this is the current resource-version for the object. Only valid when specifying a single resource.`,
  ),
  ...selectorFlag,
});

export type MetadataFlags = FlagValues<ReturnType<typeof metadataFlags>>;

export abstract class MetadataCommand extends Command {
  /** The field of metadata that is changed. */
  protected abstract readonly field: 'labels' | 'annotations';
  protected abstract readonly noun: string;
  private opts!: MetadataFlags;
  private changes!: PairChanges;
  private dryRun: DryRun = 'none';
  private print!: OperationPrinter;

  /** Refuses what may not be overwritten. */
  protected abstract checkOverwrites(metadata: ObjectMeta, changes: PairChanges): void;
  /** The word behind the object's name. */
  protected abstract operation(before: Unstructured, after: Unstructured, overwrite: boolean): string;

  protected async change(opts: MetadataFlags, changes: PairChanges): Promise<void> {
    this.opts = opts;
    this.changes = changes;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    this.validate();
    this.print = await operationPrinter(printOptionsOf(opts), this.dryRun);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: changes.resources,
      files: opts,
      labelSelector: opts.selector,
      fieldSelector: opts['field-selector'],
      all: opts.all,
      allNamespaces: opts['all-namespaces'],
      local: opts.local,
      fetch: 'latest',
    }).build();
    if (!built.single && opts['resource-version']) {
      throw new CliError('--resource-version may only be used with a single resource');
    }
    const errors: unknown[] = [];
    for (const info of built.infos) {
      try {
        await this.changeOne(info, built.single);
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected([...errors, ...built.errors]);
  }

  private validate(): void {
    const { opts, changes, noun } = this;
    const files = opts.filename.length > 0 || Boolean(opts.kustomize);
    if (opts.list && opts.output) throw new CliError('--list and --output may not be specified together');
    if (opts.all && opts.selector) throw new CliError('cannot set --all and --selector at the same time');
    if (opts.all && opts['field-selector'])
      throw new CliError('cannot set --all and --field-selector at the same time');
    if (opts.local) {
      if (this.dryRun === 'server') {
        throw new CliError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?');
      }
      const file = noun === 'label' ? 'pod' : 'rsrc';
      if (changes.resources.length > 0) {
        throw new CliError(
          `can only use local files by -f ${file}.yaml or --filename=${file}.json when --local=true is set`,
        );
      }
      if (!files)
        throw new CliError(`one or more files must be specified as -f ${file}.yaml or --filename=${file}.json`);
    } else if (changes.resources.length === 0 && !files) {
      throw new CliError('one or more resources must be specified as <resource> <name> or <resource>/<name>');
    }
    if (changes.set.size === 0 && changes.remove.length === 0 && !opts.list) {
      throw new CliError(`at least one ${noun} update is required`);
    }
  }

  private async changeOne(info: Info, single: boolean): Promise<void> {
    const { opts, changes, field } = this;
    const object = info.object!;
    const metadata = object.metadata;
    if (!opts.overwrite) this.checkOverwrites(metadata, changes);
    if (opts.list) return this.list(info, changedMap(metadata[field], changes), single);
    for (const key of field === 'labels' && !opts.local && this.dryRun !== 'client' ? changes.remove : []) {
      if (metadata.labels?.[key] === undefined) this.out(`label ${JSON.stringify(key)} not found.\n`);
    }
    const after: Unstructured = { ...object, metadata: { ...metadata, [field]: changedMap(metadata[field], changes) } };
    if (opts['resource-version']) after.metadata.resourceVersion = opts['resource-version'];
    const operation = this.operation(object, after, opts.overwrite);
    if (opts.local || this.dryRun === 'client') return this.out(this.print(after, operation));
    if (this.changeCause !== undefined) after.metadata.annotations = this.recorded(after).metadata.annotations;
    const patches = [...new Set([field, 'annotations' as const])].flatMap((of) => {
      const patch = mapPatch(metadata[of], after.metadata[of] ?? {});
      return patch ? [[of, patch] as const] : [];
    });
    const version = opts['resource-version'] ? { resourceVersion: opts['resource-version'] } : {};
    const body =
      patches.length > 0 || opts['resource-version']
        ? { metadata: { ...Object.fromEntries(patches), ...version } }
        : {};
    const cluster = await this.cluster();
    const answer = await patchObject(cluster, info, 'merge', body, {
      dryRun: this.dryRun,
      fieldManager: opts['field-manager'],
    });
    this.out(this.print(answer, operation));
  }

  /** As they would be: nothing is changed. */
  private list(info: Info, values: Record<string, string> | undefined, single: boolean): void {
    const { group } = info.mapping;
    if (!single) this.out(`Listing ${this.field} for ${info.mapping.kind}.${group}/${info.name}:\n`);
    for (const [key, value] of Object.entries(values ?? {})) {
      this.out(`${single ? '' : ' '}${key}=${value}\n`);
    }
  }
}
