// `create role`. Upstream: kubectl/pkg/cmd/create/create_role.go.
import { CliError } from '../../cli/errors.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';
import { resourceRules, ruleFlags, verbsOf, warnOfVerbs } from './_rbac.ts';

const Roles = type('rbac.authorization.k8s.io', 'v1', 'roles', 'Role');

export default class CreateRole extends Generator {
  static override summary = 'Create a role with single rule';
  static examples = `# Create a role named "pod-reader" that allows user to perform "get", "watch" and "list" on pods
{program} create role pod-reader --verb=get --verb=list --verb=watch --resource=pods

# Create a role named "pod-reader" with ResourceName specified
{program} create role pod-reader --verb=get --resource=pods --resource-name=readablepod --resource-name=anotherpod

# Create a role named "foo" with SubResource specified
{program} create role foo --verb=get,list,watch --resource=pods,pods/status

# A role for resources of another API group
{program} create role foo --verb=get,list,watch --resource=rs.apps`;
  static override usage =
    'NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none]';
  static override flags = { ...generatorFlags, ...ruleFlags };

  async run(): Promise<void> {
    const { flags } = this.parse(CreateRole);
    const name = this.oneName();
    const verbs = verbsOf(flags);
    warnOfVerbs(verbs, (text) => this.err(text));
    if (verbs.length === 0) throw new CliError('at least one verb must be specified');
    if (flags.resource.length === 0) throw new CliError('at least one resource must be specified');
    const rules = await resourceRules(flags, verbs, async () => (await this.cluster()).mapper());
    await this.create(Roles, typed(Roles, { metadata: this.metadata(name), rules }), flags);
  }
}
