// x-kubernetes-unions: definitions of which one field says which other one counts. Upstream: +union and
// +unionDiscriminator in k8s.io/api. Nothing reads them but generators.

const union = (discriminator: string, fields: Record<string, string>): object[] => [
  { discriminator, 'fields-to-discriminateBy': fields },
];

export const unions: ReadonlyMap<string, object[]> = new Map([
  ['io.k8s.api.core.v1.AppArmorProfile', union('type', { localhostProfile: 'LocalhostProfile' })],
  ['io.k8s.api.core.v1.SeccompProfile', union('type', { localhostProfile: 'LocalhostProfile' })],
  ['io.k8s.api.flowcontrol.v1.LimitResponse', union('type', { queuing: 'Queuing' })],
  ['io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec', union('type', { exempt: 'Exempt', limited: 'Limited' })],
  [
    'io.k8s.api.flowcontrol.v1.Subject',
    union('kind', { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' }),
  ],
]);
