// The admission plug-ins in the order in which they are asked: by phase, and within a phase as upstream lists them
// (AllOrderedPlugins in pkg/kubeapiserver/options/plugins.go).
import plugins from './index.gen.ts';
import type { AdmissionPlugin } from './types.ts';

const PHASES: readonly AdmissionPlugin['phase'][] = ['early', 'mutating', 'webhook', 'validating', 'quota'];
const ORDER: readonly string[] = [
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'Priority',
  'DefaultTolerationSeconds',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  // Upstream's storage of roles and bindings asks it.
  'RBACEscalation',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
];

const rank = ({ name, phase }: AdmissionPlugin): number => PHASES.indexOf(phase) * 100 + ORDER.indexOf(name);

/** What a server can be told to leave out: all but what upstream's storage does by itself. */
const OPTIONAL = ORDER.filter((name) => name !== 'RBACEscalation');

/** All plug-ins of this folder. */
export function admissionChain(): readonly AdmissionPlugin[] {
  const all: readonly AdmissionPlugin[] = plugins;
  return [...all].sort((a, b) => rank(a) - rank(b));
}

/** The plug-ins without those of these names; throws for a name that is none (upstream's AdmissionOptions.Validate). */
export function withoutDisabled(
  chain: readonly AdmissionPlugin[],
  disabled: readonly string[],
): readonly AdmissionPlugin[] {
  const unknown = disabled.find((name) => !OPTIONAL.includes(name));
  if (unknown !== undefined) throw new Error(`disable-admission-plugins plugin "${unknown}" is unknown`);
  return chain.filter(({ name }) => !disabled.includes(name));
}
