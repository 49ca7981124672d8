// The admission plug-ins in the order in which they are asked. Upstream's order is a list by hand
// (pkg/kubeapiserver/options/plugins.go); here each plug-in names its phase.
import plugins from './index.gen.ts';
import type { AdmissionPlugin } from './types.ts';

const PHASES: readonly AdmissionPlugin['phase'][] = ['early', 'mutating', 'webhook', 'validating', 'quota'];

/** All plug-ins of this folder, ordered by phase and then by name. */
export function admissionChain(): readonly AdmissionPlugin[] {
  const all: readonly AdmissionPlugin[] = plugins;
  return [...all].sort((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || (a.name < b.name ? -1 : 1));
}
