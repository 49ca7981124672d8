// What cordon, uncordon and drain share. Upstream: kubectl/pkg/cmd/drain/drain.go, kubectl/pkg/drain/cordon.go.
import type { Node } from 'kubernetes-types/core/v1.js';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { type DryRun, dryRunFlag, dryRunSuffix, selectorFlag } from '../cli/flags.ts';
import { patchObject } from '../cli/operation.ts';

export const nodeFlags = { ...dryRunFlag, ...selectorFlag };

export abstract class NodeCommand extends Command {
  protected dryRun: DryRun = 'none';

  protected async nodes(args: readonly string[], selector: string, check?: () => void): Promise<Info[]> {
    const name = this.context.path[0];
    if (args.length === 0 && !this.changed('selector')) this.usageError(`USAGE: ${name} NODE [flags]`);
    if (args.length > 0 && selector !== '') {
      this.usageError('cannot specify both a node name and a --selector option');
    }
    check?.();
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      // A selector that is given and empty selects nothing, and says so.
      ...(args.length === 0 && selector === '' ? {} : { defaultType: 'nodes' }),
      labelSelector: selector,
    }).build();
    throwCollected(built.errors);
    for (const { mapping } of built.infos) {
      if (mapping.group === '' && mapping.plural === 'nodes') continue;
      const { group, version, plural } = mapping;
      throw new CliError(`expected resource of type node, got "${group}/${version}, Resource=${plural}"`);
    }
    return built.infos;
  }

  /** `node/x cordoned` */
  protected say(info: Info, what: string): void {
    this.out(`node/${info.name} ${what}${dryRunSuffix(this.dryRun)}\n`);
  }

  protected async setSchedulable(infos: readonly Info[], schedulable: boolean): Promise<void> {
    const word = schedulable ? 'uncordon' : 'cordon';
    for (const info of infos) {
      const node = info.object as unknown as Node;
      if ((node.spec?.unschedulable ?? false) !== schedulable) {
        this.say(info, `already ${word}ed`);
        continue;
      }
      try {
        if (this.dryRun !== 'client') {
          const patch = { spec: { unschedulable: schedulable ? null : true } };
          await patchObject(await this.cluster(), info, 'strategic', patch, { dryRun: this.dryRun });
        }
        this.say(info, `${word}ed`);
      } catch (error) {
        this.err(`error: unable to ${word} node ${JSON.stringify(info.name)}: ${(error as Error).message}\n`);
      }
    }
  }
}
