// KubeSchedulerConfiguration: the configuration file in upstream's format, with its defaults and rules. What is wrong is
// told all at once, each with its field. Upstream: pkg/scheduler/apis/config (v1/defaults.go, validation/validation.go).
import { parseYaml } from '../../../api/codec/yaml.ts';
import type { Json } from '../../../api/types.ts';
import { FieldErrors, at } from '../../../api/validation.ts';
import type { Extender } from '../extender.ts';
import type { AnyPlugin } from '../framework.ts';
import { DEFAULT_SCHEDULER, EXTENSION_POINTS, type Profile } from '../profile.ts';
import { checkArguments } from './args.ts';
import { EXTENDER_SHAPE, type RawExtender, ignoredResources, readExtenders } from './extenders.ts';
import { type ProfileConfiguration, resolveProfile } from './profiles.ts';
import { type Fields, type Shape, checkShape, durationMs } from './shape.ts';

export interface LeaderElection {
  leaderElect: boolean;
  resourceNamespace: string;
  resourceName: string;
  leaseMs: number;
  renewDeadlineMs: number;
  retryMs: number;
}

export interface SchedulerConfiguration {
  profiles: readonly Profile[];
  /** 0: adaptive. */
  percentageOfNodesToScore: number;
  initialBackoffMs: number;
  maxBackoffMs: number;
  /** Path of a kubeconfig; empty: not said. */
  kubeconfig: string;
  leaderElection: LeaderElection;
  extenders: readonly Extender[];
}

/** Several fields may be wrong; the message names them all. */
export class ConfigurationError extends Error {}

const API_VERSIONS = ['v1', 'v1beta3', 'v1beta2'].map((version) => `kubescheduler.config.k8s.io/${version}`);
const PLUGIN_SET: Shape = {
  enabled: [{ name: 'string', weight: 'integer' }],
  disabled: [{ name: 'string', weight: 'integer' }],
};
const PROFILE: Fields = {
  schedulerName: 'string',
  percentageOfNodesToScore: 'integer',
  plugins: Object.fromEntries(['multiPoint', ...EXTENSION_POINTS].map((point) => [point, PLUGIN_SET])),
  pluginConfig: [{ name: 'string', args: 'any' }],
};
const CONFIGURATION: Fields = {
  apiVersion: 'string',
  kind: 'string',
  parallelism: 'integer',
  leaderElection: {
    leaderElect: 'boolean',
    leaseDuration: 'duration',
    renewDeadline: 'duration',
    retryPeriod: 'duration',
    resourceLock: 'string',
    resourceName: 'string',
    resourceNamespace: 'string',
  },
  clientConnection: {
    kubeconfig: 'string',
    acceptContentTypes: 'string',
    contentType: 'string',
    qps: 'number',
    burst: 'integer',
  },
  healthzBindAddress: 'string',
  metricsBindAddress: 'string',
  enableProfiling: 'boolean',
  enableContentionProfiling: 'boolean',
  percentageOfNodesToScore: 'integer',
  podInitialBackoffSeconds: 'integer',
  podMaxBackoffSeconds: 'integer',
  profiles: [PROFILE],
  extenders: [EXTENDER_SHAPE],
  delayCacheUntilActive: 'boolean',
};

interface Raw {
  apiVersion?: string;
  kind?: string;
  parallelism?: number;
  leaderElection?: {
    leaderElect?: boolean;
    leaseDuration?: string;
    renewDeadline?: string;
    retryPeriod?: string;
    resourceLock?: string;
    resourceName?: string;
    resourceNamespace?: string;
  };
  clientConnection?: { kubeconfig?: string };
  percentageOfNodesToScore?: number;
  podInitialBackoffSeconds?: number;
  podMaxBackoffSeconds?: number;
  profiles?: ProfileConfiguration[];
  extenders?: RawExtender[];
}

/** What a module exports as a plug-in has at least a name of its own. */
function checkPlugin(offered: unknown): AnyPlugin {
  const plugin = offered as AnyPlugin | undefined;
  if (typeof plugin !== 'object' || typeof plugin?.name !== 'string') {
    throw new ConfigurationError('a plug-in module exports by default an object with a name, or a list of them');
  }
  return plugin;
}

/** `modules`: plug-ins that are not upstream's; they run only where the file enables them. Throws a ConfigurationError. */
export function readConfiguration(text: string, modules: readonly unknown[] = []): SchedulerConfiguration {
  const own = modules.map(checkPlugin);
  let parsed: Json;
  try {
    parsed = parseYaml(text);
  } catch (error) {
    throw new ConfigurationError(error instanceof Error ? error.message : String(error));
  }
  const errors = new FieldErrors();
  const raw = (parsed ?? {}) as Raw;
  if (typeof raw !== 'object' || Array.isArray(raw)) throw new ConfigurationError('the file must hold an object');
  if (raw.kind !== 'KubeSchedulerConfiguration')
    errors.notSupported('kind', raw.kind ?? '', ['KubeSchedulerConfiguration']);
  if (!API_VERSIONS.includes(raw.apiVersion ?? ''))
    errors.notSupported('apiVersion', raw.apiVersion ?? '', API_VERSIONS);
  checkShape(raw, CONFIGURATION, '', errors);
  failWith(errors);
  checkValues(raw, errors);
  const extenders = readExtenders(raw.extenders ?? [], errors);
  const profiles = readProfiles(raw, own, errors);
  const leaderElection = readElection(raw, errors);
  failWith(errors);
  return {
    profiles,
    percentageOfNodesToScore: raw.percentageOfNodesToScore ?? 0,
    initialBackoffMs: (raw.podInitialBackoffSeconds ?? 1) * 1000,
    maxBackoffMs: (raw.podMaxBackoffSeconds ?? 10) * 1000,
    kubeconfig: raw.clientConnection?.kubeconfig ?? '',
    leaderElection,
    extenders,
  };
}

function failWith({ list }: FieldErrors): void {
  if (list.length > 0) throw new ConfigurationError(list.map(({ field, body }) => `${field}: ${body}`).join('\n'));
}

function checkPercentage(value: number | undefined, path: string, errors: FieldErrors): void {
  if (value !== undefined && (value < 0 || value > 100)) errors.invalid(path, value, 'not in valid range [0-100]');
}

function checkValues(raw: Raw, errors: FieldErrors): void {
  const { parallelism = 16, podInitialBackoffSeconds: initial = 1, podMaxBackoffSeconds: max = 10 } = raw;
  if (parallelism <= 0) errors.invalid('parallelism', parallelism, 'should be an integer value greater than zero');
  checkPercentage(raw.percentageOfNodesToScore, 'percentageOfNodesToScore', errors);
  if (initial <= 0) errors.invalid('podInitialBackoffSeconds', initial, 'must be greater than 0');
  if (max < initial) {
    errors.invalid('podMaxBackoffSeconds', max, 'must be greater than or equal to PodInitialBackoffSeconds');
  }
}

function readProfiles(raw: Raw, own: readonly AnyPlugin[], errors: FieldErrors): readonly Profile[] {
  const list = raw.profiles?.length ? raw.profiles : [{}];
  const names = new Map<string, number>();
  return list.flatMap((config, i) => {
    const path = at('profiles', i);
    // Only a single profile has a name by itself.
    const schedulerName = config.schedulerName ?? (list.length === 1 ? DEFAULT_SCHEDULER : '');
    if (!schedulerName) errors.required(at(path, 'schedulerName'));
    const first = names.get(schedulerName);
    if (first !== undefined) errors.duplicate(at(path, 'schedulerName'), `profiles[${first}].schedulerName`);
    else names.set(schedulerName, i);
    checkPercentage(config.percentageOfNodesToScore, at(path, 'percentageOfNodesToScore'), errors);
    if (JSON.stringify(config.plugins?.queueSort) !== JSON.stringify(list[0]?.plugins?.queueSort)) {
      const field = at(at(path, 'plugins'), 'queueSort');
      errors.invalid(field, config.plugins?.queueSort ?? null, 'must be the same for all profiles');
    }
    const before = errors.list.length;
    const seen = new Set<string>();
    config.pluginConfig?.forEach(({ name, args }, j) => {
      const field = at(at(path, 'pluginConfig'), j);
      if (seen.has(name)) errors.duplicate(field, name);
      seen.add(name);
      checkArguments(name, args, at(field, 'args'), errors);
    });
    if (errors.list.length > before) return [];
    const left = leaveToExtenders(config, ignoredResources(raw.extenders ?? []));
    return resolveProfile({ ...left, schedulerName }, own, path, errors) ?? [];
  });
}

function readElection({ leaderElection: raw = {} }: Raw, errors: FieldErrors): LeaderElection {
  const election = defaultElection(raw.resourceName);
  const set = (field: 'leaseMs' | 'renewDeadlineMs' | 'retryMs', text: string | undefined) => {
    if (text !== undefined) election[field] = durationMs(text);
  };
  set('leaseMs', raw.leaseDuration);
  set('renewDeadlineMs', raw.renewDeadline);
  set('retryMs', raw.retryPeriod);
  election.leaderElect = raw.leaderElect ?? true;
  election.resourceNamespace = raw.resourceNamespace || election.resourceNamespace;
  if (!election.leaderElect) return election;
  const path = (field: string) => at('leaderElection', field);
  const { resourceLock = 'leases' } = raw;
  if (resourceLock !== 'leases')
    errors.invalid(path('resourceLock'), resourceLock, 'resourceLock value must be "leases"');
  if (election.leaseMs <= election.renewDeadlineMs) {
    errors.invalid(path('leaseDuration'), raw.leaseDuration ?? '', 'LeaseDuration must be greater than RenewDeadline');
  }
  if (election.renewDeadlineMs <= election.retryMs) {
    errors.invalid(path('renewDeadline'), raw.renewDeadline ?? '', 'RenewDeadline must be greater than RetryPeriod');
  }
  if (election.retryMs <= 0) errors.invalid(path('retryPeriod'), raw.retryPeriod ?? '', 'must be greater than zero');
  return election;
}

/** Shorter than upstream's 15 s, 10 s and 2 s: another takes over in less than 15 seconds, whatever happens to the first. */
export const defaultElection = (resourceName = 'kube-scheduler'): LeaderElection => ({
  leaderElect: true,
  resourceNamespace: 'kube-system',
  resourceName: resourceName || 'kube-scheduler',
  leaseMs: 10_000,
  renewDeadlineMs: 7_000,
  retryMs: 2_000,
});

/** NodeResourcesFit does not look at what an extender manages alone. Upstream: buildExtenders in pkg/scheduler/scheduler.go. */
function leaveToExtenders(config: ProfileConfiguration, names: readonly string[]): ProfileConfiguration {
  if (names.length === 0) return config;
  const all = config.pluginConfig ?? [];
  const args = all.find(({ name }) => name === 'NodeResourcesFit')?.args ?? {};
  const own = (args['ignoredResources'] ?? []) as readonly string[];
  const fit = { name: 'NodeResourcesFit', args: { ...args, ignoredResources: [...own, ...names] } };
  return { ...config, pluginConfig: [...all.filter(({ name }) => name !== fit.name), fit] };
}
