// Rules and subjects from flags, for roles and bindings. Upstream: kubectl/pkg/cmd/create/create_role.go,
// create_rolebinding.go.
import type { Mapper } from '../../cli/builder/mapper.ts';
import { CliError, PlainError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';

export const ruleFlags = {
  resource: flag.slice('Resource that the rule applies to'),
  'resource-name': flag.array(
    'Resource in the white list that the rule applies to, repeat this flag for multiple items',
  ),
  verb: flag.slice('Verb that applies to the resources contained in the rule'),
};

export interface RuleFlags {
  resource: string[];
  'resource-name': string[];
  verb: string[];
}

export interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

const standardVerbs = new Set(
  'get list watch create update patch delete deletecollection use bind escalate impersonate * approve sign attest'.split(
    ' ',
  ),
);

/** A verb that nothing asks for is probably a slip. */
export function warnOfVerbs(verbs: readonly string[], warn: (text: string) => void): void {
  for (const verb of verbs) if (!standardVerbs.has(verb)) warn(`Warning: '${verb}' is not a standard resource verb\n`);
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];

/** A `*` among verbs stands for all of them. */
export function verbsOf(flags: RuleFlags): string[] {
  const verbs = unique(flags.verb);
  return verbs.includes('*') ? ['*'] : verbs;
}

const rbac = 'rbac.authorization.k8s.io';

/** Verbs that mean something for a few resources only. */
const specialVerbs: Record<string, readonly string[]> = {
  use: ['podsecuritypolicies.policy', 'podsecuritypolicies.extensions'],
  bind: [`roles.${rbac}`, `clusterroles.${rbac}`],
  escalate: [`roles.${rbac}`, `clusterroles.${rbac}`],
  impersonate: ['users.', 'serviceaccounts.', 'groups.', 'userextras.authentication.k8s.io'],
};

interface NamedResource {
  resource: string;
  group: string;
  subresource: string;
}

/** `deployments.apps/scale`; a bare `*` stands for all that was named. */
function namedResources(texts: readonly string[]): NamedResource[] {
  if (texts.includes('*')) return [{ resource: '*', group: '', subresource: '' }];
  return texts.map((text) => {
    const [path = '', subresource = ''] = text.split(/\/(.*)/s);
    const [resource = '', group = ''] = path.split(/\.(.*)/s);
    return { resource, group, subresource };
  });
}

/** What the server calls it; undefined when it has none such. */
async function known(mapper: Mapper, { resource, group }: NamedResource): Promise<NamedResource | undefined> {
  try {
    const found = await mapper.resource(group === '' ? resource : `${resource}.${group}`);
    if (!found.group.startsWith(group)) return undefined;
    return { resource: found.plural, group: found.group, subresource: '' };
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

/** Upstream: CreateRoleOptions.validateResource, which looks no further than a `*`. */
async function checkResources(named: readonly NamedResource[], verbs: readonly string[], mapper: Mapper) {
  for (const wanted of named) {
    const { resource, group } = wanted;
    if (resource === '') throw new CliError('resource must be specified if apiGroup/subresource specified');
    if (resource === '*') return;
    const found = await known(mapper, wanted);
    const of = found ?? wanted;
    let special = false;
    for (const verb of verbs) {
      if (!Object.hasOwn(specialVerbs, verb)) continue;
      if (!specialVerbs[verb]!.includes(`${of.resource}.${of.group}`)) {
        throw new CliError(`can not perform '${verb}' on '${of.resource}' in group '${of.group}'`);
      }
      special = true;
    }
    if (found || special) continue;
    // Upstream does not put `error: ` before this one.
    const where = group === '' ? '' : ` in group ${JSON.stringify(group)}`;
    throw new PlainError(`the server doesn't have a resource type ${JSON.stringify(resource)}${where}`);
  }
}

/** One rule for each API group. */
export async function resourceRules(flags: RuleFlags, verbs: string[], load: () => Promise<Mapper>): Promise<Rule[]> {
  if (flags.resource.length === 0) return [];
  const named = namedResources(unique(flags.resource));
  const mapper = await load();
  await checkResources(named, verbs, mapper);
  const byGroup = new Map<string, string[]>();
  for (const wanted of named) {
    const { resource, group } = wanted.resource === '*' ? wanted : ((await known(mapper, wanted)) ?? wanted);
    const list = byGroup.get(group) ?? [];
    list.push(wanted.subresource ? `${resource}/${wanted.subresource}` : resource);
    byGroup.set(group, list);
  }
  const names = unique(flags['resource-name']);
  return [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, resources]) => ({
      verbs,
      apiGroups: [group],
      resources: unique(resources),
      ...(names.length > 0 ? { resourceNames: names } : {}),
    }));
}

export const subjectFlags = (role: string) => ({
  group: flag.array(`Groups to bind to the ${role}. The flag can be repeated to add multiple groups.`),
  serviceaccount: flag.array(
    `Service accounts to bind to the ${role}, in the format <namespace>:<name>. The flag can be repeated to add multiple service accounts.`,
  ),
  user: flag.array(`Usernames to bind to the ${role}. The flag can be repeated to add multiple users.`),
});

export function subjectsOf(flags: { user: string[]; group: string[]; serviceaccount: string[] }): unknown[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  return [
    ...flags.user.map((name) => ({ kind: 'User', apiGroup, name })),
    ...flags.group.map((name) => ({ kind: 'Group', apiGroup, name })),
    ...flags.serviceaccount.map((text) => {
      const parts = text.split(':');
      if (parts.length !== 2 || !parts[0] || !parts[1]) {
        throw new CliError('serviceaccount must be <namespace>:<name>');
      }
      return { kind: 'ServiceAccount', name: parts[1], namespace: parts[0] };
    }),
  ];
}
