// `create quota`. Upstream: kubectl/pkg/cmd/create/create_quota.go.
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { quantitiesOf } from '../set/resources.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const ResourceQuotas = type('', 'v1', 'resourcequotas', 'ResourceQuota');

export default class CreateQuota extends Generator {
  static override summary = 'Create a resource quota with the specified name, hard limits, and optional scopes';
  static short = 'Create a quota with the specified name';
  static aliases = ['resourcequota'];
  static examples = `# Create a new resource quota named my-quota
{program} create quota my-quota --hard=cpu=1,memory=1G,pods=2,services=3

# Create a new resource quota named best-effort
{program} create quota best-effort --hard=pods=100 --scopes=BestEffort`;
  static override usage =
    'NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none]';
  static override flags = {
    ...generatorFlags,
    hard: flag.string('A comma-delimited set of resource=quantity pairs that define a hard limit.'),
    scopes: flag.string('A comma-delimited set of quota scopes that must all match each object tracked by the quota.'),
  };
  protected override failure = 'failed to create quota: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateQuota);
    const name = this.oneName();
    const hard = quantitiesOf(flags.hard);
    const scopes = flags.scopes === '' ? [] : flags.scopes.split(',');
    if (scopes.includes('')) throw new CliError('invalid resource quota scope ""');
    const spec = {
      ...(Object.keys(hard).length > 0 ? { hard } : {}),
      ...(scopes.length > 0 ? { scopes } : {}),
    };
    await this.create(
      ResourceQuotas,
      typed(ResourceQuotas, { metadata: this.metadata(name), spec, status: {} }),
      flags,
    );
  }
}
