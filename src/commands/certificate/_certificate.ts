// Approving and denying share everything but the words. Upstream: kubectl/pkg/cmd/certificates/certificates.go.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { isConflict } from '../../api/status.ts';
import { Command } from '../../cli/base.ts';
import { Builder, type Info } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { filenameFlags } from '../../cli/flags.ts';
import { operationPrinter, readObject, replaceObject } from '../../cli/operation.ts';
import { flag, type FlagValues } from '../../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../../cli/print/object.ts';

const RETRIES = 10;

export const certificateFlags = {
  ...filenameFlags('Filename, directory, or URL to files identifying the resource to update'),
  force: flag.bool('Update the CSR even if it is already decided.'),
  ...printFlags,
};

export interface Decision {
  type: 'Approved' | 'Denied';
  opposite: 'Approved' | 'Denied';
  reason: string;
  message: string;
  operation: string;
}

export abstract class CertificateCommand extends Command {
  protected async decide(
    flags: FlagValues<typeof certificateFlags>,
    args: readonly string[],
    decision: Decision,
  ): Promise<void> {
    if (args.length === 0 && flags.filename.length === 0 && !flags.kustomize) {
      throw new CliError('one or more CSRs must be specified as <name> or -f <filename>');
    }
    const print = await operationPrinter(printOptionsOf(flags), 'none');
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      defaultType: 'certificatesigningrequests',
      files: flags,
      clusterScoped: true,
      fetch: 'latest',
    }).build();
    const errors: unknown[] = [];
    for (const info of built.infos) {
      try {
        await this.decideOne(info, flags.force, decision);
        this.out(print(info.object!, decision.operation));
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected([...errors, ...built.errors]);
    if (built.infos.length === 0) this.err('No resources found\n');
  }

  private async decideOne(info: Info, force: boolean, decision: Decision): Promise<void> {
    const cluster = await this.cluster();
    for (let attempt = 0; ; attempt++) {
      const csr = info.object as unknown as CertificateSigningRequest;
      const conditions = csr.status?.conditions ?? [];
      if (conditions.some((c) => c.type === decision.opposite)) {
        throw new CliError(`certificate signing request ${JSON.stringify(info.name)} is already ${decision.opposite}`);
      }
      const decided = conditions.some((c) => c.type === decision.type);
      if (decided && !force) return;
      const now = new Date(this.io.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
      const { type, reason, message } = decision;
      const condition = { type, status: 'True', reason, message, lastUpdateTime: now };
      const rest = conditions.filter((c) => c.type !== type);
      const object = { ...info.object!, status: { ...csr.status, conditions: [...rest, condition] } };
      try {
        info.object = await replaceObject(cluster, { ...info, object }, { subresource: 'approval' });
        return;
      } catch (error) {
        if (!isConflict(error) || attempt >= RETRIES) throw error;
        info.object = await readObject(cluster, info);
      }
    }
  }
}
