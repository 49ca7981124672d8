// What the rollout commands share: finding the workloads and changing them one by one.
import type { Unstructured } from '../../api/types.ts';
import { changeOf, sendChange } from '../../cli/apply/change.ts';
import { Command } from '../../cli/base.ts';
import { Builder, type Built, type Info } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { fieldManagerFlag, filenameFlags, selectorFlag } from '../../cli/flags.ts';
import { operationPrinter } from '../../cli/operation.ts';
import type { FlagValues } from '../../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { asTyped } from '../../cli/typed.ts';

export const rolloutFlags = {
  ...filenameFlags('Filename, directory, or URL to files identifying the resource to get from a server.'),
  ...printFlags,
  ...selectorFlag,
};
export const changingFlags = { ...rolloutFlags, ...fieldManagerFlag('kubectl-rollout') };

export abstract class RolloutCommand extends Command {
  protected async find(flags: FlagValues<typeof rolloutFlags>, args: readonly string[]): Promise<Built> {
    if (args.length === 0 && flags.filename.length === 0 && !flags.kustomize) {
      throw new CliError('required resource not specified');
    }
    return new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: flags,
      labelSelector: flags.selector,
      typeAlone: true,
      fetch: 'latest',
      typed: true,
    }).build();
  }

  /** Patches each object; `edit` throws what is wrong with it, and an empty change is `unchanged`'s to judge. */
  protected async changeEach(
    flags: FlagValues<typeof changingFlags>,
    args: readonly string[],
    operation: string,
    edit: (draft: Unstructured) => void,
    unchanged: (info: Info) => Error | undefined,
  ): Promise<void> {
    const print = await operationPrinter({ ...printOptionsOf(flags), typed: true, cwd: this.io.cwd }, 'none');
    const built = await this.find(flags, args);
    const errors = [...built.errors];
    const cluster = await this.cluster();
    for (const info of built.infos) {
      try {
        const change = changeOf(info, edit);
        const problem = change.empty ? unchanged(info) : undefined;
        if (problem) throw problem;
        const options = { fieldManager: flags['field-manager'] };
        const answer = change.empty ? info.object! : await this.send(() => sendChange(cluster, info, change, options));
        this.out(print(flags.output ? asTyped(answer) : answer, operation));
      } catch (error) {
        errors.push(this.named(info, error));
      }
    }
    if (built.infos.length === 0 && errors.length === 0) {
      this.err(`No resources found in ${cluster.namespace} namespace.\n`);
    }
    // Upstream puts what it found wrong into a list, even one error.
    throwCollected(errors, true);
  }

  private async send(patch: () => Promise<Unstructured>): Promise<Unstructured> {
    try {
      return await patch();
    } catch (error) {
      throw new CliError(`failed to patch: ${(error as Error).message}`);
    }
  }

  /** `error: deployments.apps "web" is already paused` */
  private named(info: Info, error: unknown): unknown {
    if (!(error instanceof ObjectError)) return error;
    const { plural, group } = info.mapping;
    return new CliError(`error: ${plural}${group ? `.${group}` : ''} ${JSON.stringify(info.name)} ${error.message}`);
  }
}

/** What is wrong with one object; the command adds which. */
export class ObjectError extends Error {}

/** True for the workloads with a pod template that can be rolled. */
export const rollable = (kind: string): boolean => ['Deployment', 'DaemonSet', 'StatefulSet'].includes(kind);
