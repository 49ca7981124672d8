// What the set commands share: find objects with a pod template, change the template's spec, patch.
// Upstream: kubectl/pkg/cmd/set, polymorphichelpers.UpdatePodSpecForObject.
import type { PodSpec } from 'kubernetes-types/core/v1.js';
import type { Unstructured } from '../../api/types.ts';
import { changeOf, sendChange } from '../../cli/apply/change.ts';
import { Command } from '../../cli/base.ts';
import { Builder, type Info } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { type DryRun, dryRunFlag, fieldManagerFlag, filenameFlags, recordFlag, selectorFlag } from '../../cli/flags.ts';
import { operationPrinter, type OperationPrinter } from '../../cli/operation.ts';
import { flag, type FlagValues } from '../../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { asTyped } from '../../cli/typed.ts';

export const setFlags = (what: string) => ({
  all: flag.bool('Select all resources, in the namespace of the specified resource types'),
  ...dryRunFlag,
  ...fieldManagerFlag('kubectl-set'),
  ...filenameFlags('Filename, directory, or URL to files identifying the resource to get from a server.'),
  local: flag.bool(`If true, set ${what} will NOT contact api-server but run locally.`),
  ...printFlags,
  ...recordFlag,
  ...selectorFlag,
});
export type SetFlags = Omit<FlagValues<ReturnType<typeof setFlags>>, 'selector' | 'record'> & { selector?: string };

interface Words {
  operation: string;
  failure: string;
  /** What is asked for is judged after the objects were found. */
  validate?(): void;
  /** An object that is as it was asked to be is sent and told of all the same. */
  evenIfEmpty?: boolean;
}

export abstract class SetCommand extends Command {
  protected dryRun: DryRun = 'none';

  /** Changes every object's pod spec with `edit`, which may add to the errors. */
  protected async changePodSpecs(
    flags: SetFlags,
    resources: readonly string[],
    words: Words,
    edit: (spec: PodSpec, errors: unknown[], object: Unstructured, name: string) => void,
  ): Promise<void> {
    if (flags.all && flags.selector) throw new CliError('cannot set --all and --selector at the same time');
    if (flags.local && this.dryRun === 'server') {
      throw new CliError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?');
    }
    const plain = await operationPrinter({ ...printOptionsOf(flags), typed: true, cwd: this.io.cwd }, this.dryRun);
    const print: OperationPrinter = (object, operation) => plain(flags.output ? asTyped(object) : object, operation);
    const infos = await this.find(flags, resources);
    words.validate?.();
    const errors: unknown[] = [];
    for (const info of infos) {
      try {
        await this.changeOne(info, flags, words, print, (spec, object) =>
          edit(spec, errors, object, `${info.mapping.plural}/${info.name}`),
        );
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected(errors);
  }

  private async find(flags: SetFlags, resources: readonly string[]): Promise<Info[]> {
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: resources,
      files: flags,
      labelSelector: flags.selector,
      all: flags.all,
      typeAlone: flags.all,
      local: flags.local,
      fetch: 'latest',
      typed: true,
    }).build();
    throwCollected(built.errors);
    return built.infos;
  }

  private async changeOne(
    info: Info,
    flags: SetFlags,
    words: Words,
    print: OperationPrinter,
    edit: (spec: PodSpec, object: Unstructured) => void,
  ): Promise<void> {
    const change = changeOf(info, (draft) => {
      const spec = podSpecOf(draft);
      if (!spec)
        throw new CliError(
          `error: ${info.mapping.plural}/${info.name} the object is not a pod or does not have a pod template: *v1.${draft.kind}\n`,
        );
      edit(spec, draft);
      if (this.changeCause !== undefined) draft.metadata.annotations = this.recorded(draft).metadata.annotations;
    });
    if (change.empty && !words.evenIfEmpty) return;
    if (flags.local || this.dryRun === 'client') return this.out(print(change.draft, words.operation));
    try {
      const answer = await sendChange(await this.cluster(), info, change, {
        dryRun: this.dryRun,
        fieldManager: flags['field-manager'],
      });
      this.out(print(answer, words.operation));
    } catch (error) {
      throw new CliError(`${words.failure} ${(error as Error).message}`);
    }
  }
}

/** The pod spec inside an object, however deep its template is. */
export function podSpecOf(object: Unstructured): PodSpec | undefined {
  const spec = object['spec'] as object | undefined;
  switch (object.kind) {
    case 'Pod':
      return spec as PodSpec | undefined;
    case 'CronJob':
      return (spec as { jobTemplate?: { spec?: { template?: { spec?: PodSpec } } } } | undefined)?.jobTemplate?.spec
        ?.template?.spec;
    default:
      return (spec as { template?: { spec?: PodSpec } } | undefined)?.template?.spec;
  }
}
