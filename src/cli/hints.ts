// What was probably meant, when a name is not known: told after the error, on a terminal only, so that scripts read
// kubectl's bytes. A hint that cannot be found, or not at once, is none.
import { readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { resourcePath, type Unstructured } from '../api/types.ts';
import type { CommandClass } from './base.ts';
import { objectsCalled } from './called.ts';
import type { Cluster } from './cluster.ts';
import { type GlobalFlags, globalFlags } from './globals.ts';
import type { Io } from './io.ts';
import { nearest } from './suggest.ts';

const PATIENCE_MS = 1500;

export interface HintContext {
  io: Io;
  /** The cluster that the command talked to, if it did. */
  cluster(): Promise<Cluster> | undefined;
  command: CommandClass | undefined;
  globals: GlobalFlags | undefined;
  /** Commands below the one that was named. */
  children: readonly string[];
  /** The word that is none of them. */
  unknown: string | undefined;
}

/** An error that knows better what was meant. */
export const withHint = <E extends Error>(error: E, hint: string | undefined): E => Object.assign(error, { hint });

/** One sentence, or nothing. */
export async function hintFor(error: unknown, text: string, context: HintContext): Promise<string | undefined> {
  const own = (error as { hint?: unknown } | undefined)?.hint;
  if (typeof own === 'string') return own;
  if (text.includes('Did you mean')) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  try {
    return await Promise.race([find(text, context), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

export const didYouMean = (name: string | undefined): string | undefined =>
  name ? `Did you mean ${name}?` : undefined;

async function find(text: string, context: HintContext): Promise<string | undefined> {
  const child = /unknown flag|Unexpected args/.test(text) && nearest(context.unknown ?? '', context.children);
  if (child) return didYouMean(child);
  const flagName = /unknown flag: --([\w-]+)/.exec(text)?.[1];
  if (flagName !== undefined) {
    const known = Object.keys({ ...globalFlags, ...context.command?.flags });
    const name = nearest(flagName, known);
    return didYouMean(name && `--${name}`);
  }
  const type = /doesn't have a resource type "([^"]+)"/.exec(text)?.[1];
  if (type !== undefined) return resourceHint(type, context);
  const format = /output format "([^"]+)", allowed formats are: (.*)/.exec(text);
  if (format) return didYouMean(nearest(format[1]!, format[2]!.split(',')));
  const path = /the path "([^"]+)" does not exist/.exec(text)?.[1];
  if (path !== undefined) return didYouMean(nearestFile(path, context.io.cwd));
  const wanted =
    /context was not found for specified context: (\S+)/.exec(text)?.[1] ??
    /no context exists with the name: "([^"]+)"/.exec(text)?.[1];
  if (wanted !== undefined) return contextHint(wanted, context);
  const absent = /\(NotFound\): (\S+) "([^"]+)" not found/.exec(text);
  return absent ? objectHint(absent[1]!, absent[2]!, context) : undefined;
}

/** Beside it. */
function nearestFile(path: string, cwd: string): string | undefined {
  const folder = dirname(path);
  const near = nearest(basename(path), readdirSync(resolve(cwd, folder)));
  return near && (path.startsWith('./') ? `./${join(folder, near)}` : join(folder, near));
}

async function resourceHint(type: string, { cluster }: HintContext): Promise<string | undefined> {
  const connected = await cluster();
  if (!connected) return undefined;
  const { resources } = await (await connected.mapper()).fresh();
  return didYouMean(nearest(type, [...new Set(resources.flatMap((r) => [r.plural, r.singular]))]));
}

async function contextHint(wanted: string, { io, globals }: HintContext): Promise<string | undefined> {
  const { kubeConfigPaths, loadKubeConfig } = await import('../client/kubeconfig.ts');
  const explicit = globals?.kubeconfig || undefined;
  const { contexts } = loadKubeConfig(kubeConfigPaths(explicit, io.env), { explicit: explicit !== undefined });
  return didYouMean(nearest(wanted, [...contexts.keys()]));
}

/** The object may be in another namespace, or have nearly this name. */
async function objectHint(resource: string, name: string, { cluster }: HintContext): Promise<string | undefined> {
  const connected = await cluster();
  if (!connected) return undefined;
  const mapping = await (await connected.mapper()).resource(resource);
  const names = async (query: Record<string, string>, namespace?: string): Promise<Unstructured[]> => {
    const list = await connected.json<{ items?: Unstructured[] }>('GET', resourcePath(mapping, { namespace }), {
      query,
      headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' },
    });
    return list.items ?? [];
  };
  const [other] = mapping.plural === 'pods' && mapping.group === '' ? await objectsCalled(connected, name) : [];
  if (other) return `There is no pod of that name, but ${other.kind.toLowerCase()}/${name}.`;
  if (mapping.namespaced) {
    const elsewhere = await names({ fieldSelector: `metadata.name=${name}` }).catch(() => []);
    if (elsewhere.length > 0) {
      const places = elsewhere.map((o) => o.metadata.namespace).sort();
      return `It is in namespace ${places.join(', ')}: add -n ${places[0]}.`;
    }
  }
  const all = await names({}, mapping.namespaced ? connected.namespace : undefined);
  const near = nearest(
    name,
    all.map((o) => o.metadata.name ?? ''),
  );
  if (near || !mapping.namespaced) return didYouMean(near);
  return namespaceHint(connected);
}

/** For an empty answer, too: is the namespace there at all? */
export async function namespaceHint(cluster: Cluster): Promise<string | undefined> {
  const { namespace } = cluster;
  const list = await cluster
    .json<{ items?: Unstructured[] }>('GET', '/api/v1/namespaces', {
      headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' },
    })
    .catch(() => undefined);
  const all = list?.items?.map((o) => o.metadata.name ?? '');
  if (!all || all.includes(namespace)) return undefined;
  const near = nearest(namespace, all);
  return `Namespace ${namespace} is not there.${near ? ` ${didYouMean(near)}` : ''}`;
}
