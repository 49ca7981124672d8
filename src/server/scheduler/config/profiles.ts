// From the plug-ins that a profile enables and disables to what runs at each extension point. Upstream: mergePluginSet in
// pkg/scheduler/apis/config/v1/default_plugins.go, NewFramework and expandMultiPointPlugins in framework/runtime.
import { type FieldErrors, at } from '../../../api/validation.ts';
import type { AnyPlugin } from '../framework.ts';
import {
  EXTENSION_POINTS,
  type ExtensionPoint,
  type Profile,
  defaultPlugins,
  hasPoint,
  profileOfPoints,
} from '../profile.ts';

export interface PluginRef {
  name: string;
  weight?: number;
}
export interface PluginSet {
  enabled?: readonly PluginRef[];
  disabled?: readonly PluginRef[];
}
export interface ProfileConfiguration {
  schedulerName?: string;
  percentageOfNodesToScore?: number;
  plugins?: Partial<Record<ExtensionPoint | 'multiPoint', PluginSet>>;
  pluginConfig?: readonly { name: string; args?: Record<string, unknown> }[];
}

const ALL = '*';

/** The defaults with a custom set laid over them: what is named again keeps its place and takes the new weight. */
function merge(defaults: readonly PluginRef[], custom: PluginSet | undefined): readonly PluginRef[] {
  const enabled = new Map((custom?.enabled ?? []).map((ref) => [ref.name, ref]));
  const disabled = new Set(custom?.disabled?.map(({ name }) => name));
  const kept = disabled.has(ALL) ? [] : defaults.filter(({ name }) => !disabled.has(name));
  const replaced = new Set(kept.map(({ name }) => name));
  return [
    ...kept.map((ref) => enabled.get(ref.name) ?? ref),
    ...(custom?.enabled ?? []).filter(({ name }) => !replaced.has(name)),
  ];
}

/** The plug-ins of a profile by name, each with its arguments. */
class Registry {
  private readonly made = new Map<string, AnyPlugin>();
  private readonly known: ReadonlyMap<string, AnyPlugin>;
  private readonly config: ProfileConfiguration;
  private readonly path: string;
  private readonly errors: FieldErrors;

  constructor(known: ReadonlyMap<string, AnyPlugin>, config: ProfileConfiguration, path: string, errors: FieldErrors) {
    this.known = known;
    this.config = config;
    this.path = path;
    this.errors = errors;
  }

  get(name: string): AnyPlugin | undefined {
    const made = this.made.get(name);
    if (made) return made;
    const plugin = this.known.get(name);
    if (!plugin) return undefined;
    const index = this.config.pluginConfig?.findIndex((c) => c.name === name) ?? -1;
    const args = this.config.pluginConfig?.[index]?.args;
    const configured = args ? this.configure(plugin, args, index) : plugin;
    this.made.set(name, configured);
    return configured;
  }

  private configure(plugin: AnyPlugin, args: Record<string, unknown>, index: number): AnyPlugin {
    const path = at(at(at(this.path, 'pluginConfig'), index), 'args');
    if (!plugin.configure) {
      this.errors.forbidden(path, `plugin "${plugin.name}" takes no arguments`);
      return plugin;
    }
    try {
      return plugin.configure(args);
    } catch (error) {
      this.errors.invalid(path, args, error instanceof Error ? error.message : String(error));
      return plugin;
    }
  }
}

export function resolveProfile(
  config: ProfileConfiguration,
  own: readonly AnyPlugin[],
  path: string,
  errors: FieldErrors,
): Profile | undefined {
  const defaults = defaultPlugins();
  const registry = new Registry(new Map([...defaults, ...own].map((p) => [p.name, p])), config, path, errors);
  const { plugins = {}, schedulerName = '', percentageOfNodesToScore } = config;
  const before = errors.list.length;
  const multi = merge(
    defaults.map(({ name, weight }) => ({ name, ...(weight === undefined ? {} : { weight }) })),
    plugins.multiPoint,
  );
  checkNames(multi, plugins, registry, path, errors);
  if (errors.list.length > before) return undefined;
  const weights = weightsOf(multi, plugins.score?.enabled ?? []);
  const weighted = new Map<AnyPlugin, AnyPlugin>();
  const points = Object.fromEntries(
    EXTENSION_POINTS.map((point) => {
      const names = namesAt(point, multi, plugins[point], registry);
      return [point, names.map((name) => withWeight(registry.get(name)!, weights, weighted))];
    }),
  ) as unknown as Profile['points'];
  const pluginsPath = at(path, 'plugins');
  const sorters = points.queueSort.length;
  if (sorters !== 1) {
    errors.invalid(at(pluginsPath, 'queueSort'), sorters, 'exactly one queue sort plugin must be enabled');
  }
  if (points.bind.length === 0) errors.required(at(pluginsPath, 'bind'), 'at least one bind plugin must be enabled');
  if (errors.list.length > before) return undefined;
  return profileOfPoints(schedulerName, points, percentageOfNodesToScore);
}

/** Named plug-ins exist, and do something at the point where they are named. */
function checkNames(
  multi: readonly PluginRef[],
  plugins: NonNullable<ProfileConfiguration['plugins']>,
  registry: Registry,
  path: string,
  errors: FieldErrors,
): void {
  const twice = multi.find(({ name }, i) => multi.findIndex((other) => other.name === name) !== i);
  if (twice) errors.duplicate(at(at(at(path, 'plugins'), 'multiPoint'), 'enabled'), twice.name);
  for (const [point, set] of Object.entries(plugins) as [ExtensionPoint | 'multiPoint', PluginSet | undefined][]) {
    const seen = new Set<string>();
    set?.enabled?.forEach(({ name }, i) => {
      const field = at(at(at(at(path, 'plugins'), point), 'enabled'), i);
      const plugin = registry.get(name);
      if (!plugin) errors.invalid(field, name, `plugin "${name}" does not exist`);
      else if (point !== 'multiPoint' && !hasPoint(plugin, point)) {
        errors.invalid(field, name, `plugin "${name}" does not extend ${point}`);
      } else if (seen.has(name)) errors.duplicate(field, name);
      seen.add(name);
    });
  }
}

/** First those of multiPoint that are named again, then the others of multiPoint, then the others that are named. */
function namesAt(
  point: ExtensionPoint,
  multi: readonly PluginRef[],
  set: PluginSet | undefined,
  registry: Registry,
): readonly string[] {
  const named = (set?.enabled ?? []).map(({ name }) => name);
  const disabled = new Set(set?.disabled?.map(({ name }) => name));
  if (disabled.has(ALL)) return named;
  const general = multi
    .map(({ name }) => name)
    .filter((name) => hasPoint(registry.get(name)!, point) && (!disabled.has(name) || named.includes(name)));
  const again = named.filter((name) => general.includes(name));
  return [
    ...again,
    ...general.filter((name) => !named.includes(name)),
    ...named.filter((name) => !general.includes(name)),
  ];
}

function weightsOf(multi: readonly PluginRef[], scoring: readonly PluginRef[]): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const { name, weight } of [...scoring, ...multi]) if (!weights.has(name)) weights.set(name, weight || 1);
  return weights;
}

/** One object for all points: a plug-in's identity ties its preFilter to its filter. */
function withWeight(
  plugin: AnyPlugin,
  weights: ReadonlyMap<string, number>,
  made: Map<AnyPlugin, AnyPlugin>,
): AnyPlugin {
  const weight = weights.get(plugin.name);
  if (!plugin.score || weight === undefined || weight === (plugin.weight ?? 1)) return plugin;
  let result = made.get(plugin);
  if (!result) made.set(plugin, (result = { ...plugin, weight }));
  return result;
}
