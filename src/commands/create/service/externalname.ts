// `create service externalname`. Upstream: kubectl/pkg/cmd/create/create_service.go.
import { dns1123SubdomainErrors } from '../../../api/names.ts';
import { CliError } from '../../../cli/errors.ts';
import { flag } from '../../../cli/pflag.ts';
import { ServiceGenerator, serviceFlags } from './_service.ts';

export default class CreateServiceExternalName extends ServiceGenerator {
  static short = 'Create an ExternalName service';
  static override summary = 'Create an ExternalName service with the specified name';
  static description = `An ExternalName service stands for a DNS name outside instead of pods: services elsewhere, in other clusters or on this machine, get a name in this cluster.`;
  static examples = `# Create an ExternalName service with the specified name
{program} create service externalname my-svc --external-name bar.com`;
  static override usage = 'NAME --external-name external.name [--dry-run=server|client|none]';
  static override flags = {
    ...serviceFlags,
    'external-name': flag.string('External name of service'),
  };

  async run(): Promise<void> {
    const { flags } = this.parse(CreateServiceExternalName);
    this.requireFlags('external-name');
    const problems = dns1123SubdomainErrors(flags['external-name']);
    if (problems.length > 0) throw new CliError(`invalid service external name ${flags['external-name']}`);
    await this.createService({ type: 'ExternalName', externalName: flags['external-name'] }, flags);
  }
}
