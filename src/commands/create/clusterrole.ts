// `create clusterrole`. Upstream: kubectl/pkg/cmd/create/create_clusterrole.go.
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';
import { resourceRules, type Rule, ruleFlags, verbsOf } from './_rbac.ts';

const ClusterRoles = type('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false);
const urlVerbs = new Set(['*', 'get', 'post', 'put', 'delete', 'patch', 'head', 'options']);

export default class CreateClusterRole extends Generator {
  static override summary = 'Create a cluster role';
  static examples = `# Create a cluster role named "pod-reader" that allows user to perform "get", "watch" and "list" on pods
{program} create clusterrole pod-reader --verb=get,list,watch --resource=pods

# Create a cluster role name "foo" with NonResourceURL specified
{program} create clusterrole "foo" --verb=get --non-resource-url=/logs/*

# Create a cluster role name "monitoring" with AggregationRule specified
{program} create clusterrole monitoring --aggregation-rule="rbac.example.com/aggregate-to-monitoring=true"

# A cluster role for two pods, by their names
{program} create clusterrole pod-reader --verb=get --resource=pods --resource-name=readablepod --resource-name=anotherpod

# A cluster role for resources of another API group
{program} create clusterrole foo --verb=get,list,watch --resource=rs.apps

# A cluster role for a subresource
{program} create clusterrole foo --verb=get,list,watch --resource=pods,pods/status`;
  static override usage =
    'NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none]';
  static override flags = {
    ...generatorFlags,
    ...ruleFlags,
    'aggregation-rule': flag.map('An aggregation label selector for combining ClusterRoles.', {
      shownDefault: '',
      malformed: 'malformed pair, expect string=string',
    }),
    'non-resource-url': flag.slice('A partial url that user should have access to.'),
  };

  async run(): Promise<void> {
    const { flags } = this.parse(CreateClusterRole);
    const name = this.oneName();
    const verbs = verbsOf(flags);
    const urls = flags['non-resource-url'];
    const aggregation = flags['aggregation-rule'];
    const metadata = this.metadata(name, {}, false);
    if (Object.keys(aggregation).length > 0) {
      if (verbs.length + urls.length + flags.resource.length + flags['resource-name'].length > 0) {
        throw new CliError(
          'aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames',
        );
      }
      const matchLabels = aggregation;
      const aggregationRule = { clusterRoleSelectors: [{ matchLabels }] };
      return this.create(ClusterRoles, typed(ClusterRoles, { metadata, rules: null, aggregationRule }), flags);
    }
    if (verbs.length === 0) throw new CliError('at least one verb must be specified');
    if (flags.resource.length === 0 && urls.length === 0) {
      throw new CliError('one of resource or nonResourceURL must be specified');
    }
    for (const verb of urls.length > 0 ? verbs : []) {
      if (!urlVerbs.has(verb)) throw new CliError(`invalid verb: '${verb}' for nonResourceURL`);
    }
    for (const url of urls) {
      if (url !== '*' && !url.startsWith('/')) throw new CliError('nonResourceURL should start with /');
      if (/\*./.test(url)) throw new CliError("nonResourceURL only supports wildcard matches when '*' is at the end");
    }
    const rules: Rule[] = await resourceRules(flags, verbs, async () => (await this.cluster()).mapper());
    if (urls.length > 0) rules.push({ verbs, nonResourceURLs: urls });
    await this.create(ClusterRoles, typed(ClusterRoles, { metadata, rules }), flags);
  }
}
