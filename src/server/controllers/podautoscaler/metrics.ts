// Asks the three APIs of metrics: resources of pods, custom metrics of objects, external ones. Amounts are answered in
// thousandths. Upstream: pkg/controller/podautoscaler/metrics/client.go, k8s.io/metrics/pkg/client.
import { parseDuration } from '../../../api/duration.ts';
import { quantityMillis } from '../../../api/quantity.ts';
import type { Selector } from '../../../api/selector.ts';
import { isNotFound } from '../../../api/status.ts';
import type { Client } from '../../../client/rest.ts';
import { readBytes } from '../../../client/rest.ts';
import { messageOf } from '../shared/objects.ts';
import type { PodMetric } from './usage.ts';

const CUSTOM = 'custom.metrics.k8s.io';
const DEFAULT_WINDOW_MS = 60_000;

interface PodMetricsItem {
  metadata: { name: string; namespace?: string };
  timestamp: string;
  window: string;
  containers?: { name: string; usage: Record<string, string> }[];
}
interface MetricValue {
  describedObject?: { name?: string };
  timestamp?: string;
  windowSeconds?: number;
  value: string;
}

async function ask<T>(client: Client, path: string, query: Record<string, string>): Promise<T> {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
  const response = await client.request('GET', path, { query: given, shared: false });
  return JSON.parse((await readBytes(response)).toString('utf8')) as T;
}

/** `api`: which of the three cannot be asked. */
async function items<T>(api: string, list: () => Promise<{ items?: T[] }>): Promise<T[]> {
  let found: T[];
  try {
    found = (await list()).items ?? [];
  } catch (error) {
    throw new Error(`unable to fetch metrics from ${api} metrics API: ${messageOf(error)}`, { cause: error });
  }
  if (found.length === 0) throw new Error(`no metrics returned from ${api} metrics API`);
  return found;
}

/** Of whole pods, or of one container of each. */
export async function resourceMetrics(
  client: Client,
  namespace: string,
  selector: Selector,
  resource: string,
  container: string,
): Promise<Map<string, PodMetric>> {
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`;
  const list = await items('resource', () =>
    ask<{ items?: PodMetricsItem[] }>(client, path, { labelSelector: selector.toString() }),
  );
  const metrics = new Map<string, PodMetric>();
  for (const item of list) {
    const { name } = item.metadata;
    const containers = (item.containers ?? []).filter((c) => container === '' || c.name === container);
    if (container !== '' && containers.length === 0) {
      const where = `container ${container} not present in metrics for pod ${item.metadata.namespace}/${name}`;
      throw new Error(`failed to get container metrics: ${where}`);
    }
    const values = containers.map((c) => c.usage[resource]);
    if (values.length === 0 || values.includes(undefined)) continue;
    const value = values.reduce((sum, quantity) => sum + quantityMillis(quantity!), 0);
    metrics.set(name, { value, timestampMs: Date.parse(item.timestamp), windowMs: parseDuration(item.window) });
  }
  return metrics;
}

/** The group's version, as the server that adds it offers it. */
async function customRoot(client: Client): Promise<string> {
  try {
    const group = await ask<{ preferredVersion?: { groupVersion: string } }>(client, `/apis/${CUSTOM}`, {});
    return `/apis/${group.preferredVersion?.groupVersion ?? `${CUSTOM}/v1beta1`}`;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new Error(`no custom metrics API (${CUSTOM}) registered`, { cause: error });
  }
}

/** Of each pod. */
export async function podsMetric(
  client: Client,
  namespace: string,
  selector: Selector,
  metric: string,
  metricSelector: Selector,
): Promise<Map<string, PodMetric>> {
  const list = await items('custom', async () => {
    const path = `${await customRoot(client)}/namespaces/${namespace}/pods/*/${metric}`;
    const query = { labelSelector: selector.toString(), metricLabelSelector: metricSelector.toString() };
    return ask<{ items?: MetricValue[] }>(client, path, query);
  });
  return new Map(
    list.map((item): [string, PodMetric] => [
      item.describedObject?.name ?? '',
      {
        value: quantityMillis(item.value),
        timestampMs: Date.parse(item.timestamp ?? ''),
        windowMs: item.windowSeconds === undefined ? DEFAULT_WINDOW_MS : item.windowSeconds * 1000,
      },
    ]),
  );
}

/** Of one object; `resource` is `services`, or `ingresses.networking.k8s.io`; undefined: of the namespace itself. */
export async function objectMetric(
  client: Client,
  namespace: string,
  object: { resource: string | undefined; name: string },
  metric: string,
  metricSelector: Selector,
): Promise<number> {
  const [found] = await items('custom', async () => {
    const what = object.resource === undefined ? 'metrics' : `${object.resource}/${object.name}`;
    const path = `${await customRoot(client)}/namespaces/${namespace}/${what}/${metric}`;
    return ask<{ items?: MetricValue[] }>(client, path, { metricLabelSelector: metricSelector.toString() });
  });
  return quantityMillis(found!.value);
}

/** The sum of all values. */
export async function externalMetric(
  client: Client,
  namespace: string,
  metric: string,
  selector: Selector,
): Promise<number> {
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${metric}`;
  const list = await items('external', () =>
    ask<{ items?: MetricValue[] }>(client, path, { labelSelector: selector.toString() }),
  );
  return list.reduce((sum, { value }) => sum + quantityMillis(value), 0);
}
