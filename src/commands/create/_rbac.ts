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

/** One rule for each API group, in order of first mention. */
export async function resourceRules(flags: RuleFlags, verbs: string[], mapper: () => Promise<Mapper>): Promise<Rule[]> {
  const byGroup = new Map<string, string[]>();
  for (const text of unique(flags.resource)) {
    const [path = '', subresource] = text.split(/\/(.*)/s);
    if (path === '') throw new CliError('resource must be specified if apiGroup/subresource specified');
    if (path === '*' && flags.resource.length > 0) {
      byGroup.set('', ['*']);
      continue;
    }
    const mapping = await (await mapper()).resource(path).catch((error: unknown) => {
      // Upstream does not put `error: ` before this one.
      throw error instanceof CliError ? new PlainError(error.message) : error;
    });
    const list = byGroup.get(mapping.group) ?? [];
    list.push(subresource ? `${mapping.plural}/${subresource}` : mapping.plural);
    byGroup.set(mapping.group, list);
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
