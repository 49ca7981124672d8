// The logs of a selection of pods, followed while pods and containers come and go. Each container's instance is a
// stream; one that is cut while its container runs is begun again after the last line that was seen.
import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../api/resources.ts';
import { readLines } from '../../client/rest.ts';
import { watcher } from '../../client/watcher.ts';
import type { Cluster } from '../cluster.ts';
import { type LogSource, splitTimestamp } from './line.ts';

const RETRY_MS = 1000;

export interface LiveOptions {
  cluster: Cluster;
  /** Everywhere when absent. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  wants(pod: Pod): boolean;
  /** One container's name; every container without it. */
  container: string;
  /** Query of the streams that are there at the start: since, tail. */
  first: Record<string, string | number | boolean | undefined>;
  signal: AbortSignal;
  write(source: LogSource, line: string): Promise<void>;
  /** What happens to the pods, for people. */
  tell(text: string): void;
}

export async function liveLogs(options: LiveOptions): Promise<void> {
  await new Live(options).run();
}

class Live {
  private readonly options: LiveOptions;
  /** Instances of containers that are or were read: by pod, container and restart. */
  private readonly begun = new Set<string>();
  private readonly pods = new Map<string, Pod>();
  private readonly reading = new Set<Promise<void>>();
  private atStart = true;

  constructor(options: LiveOptions) {
    this.options = options;
  }

  async run(): Promise<void> {
    const { cluster, namespace, labelSelector, fieldSelector, signal } = this.options;
    const events = watcher<Pod>(cluster.client, Pods, {
      namespace,
      labelSelector,
      fieldSelector,
      signal,
      onError: (error) => this.options.tell(`pods cannot be watched: ${(error as Error).message}`),
    });
    for await (const event of events) {
      if (event.type === 'init') for (const pod of event.objects) this.seen(pod);
      else if (event.type === 'apply') this.seen(event.object);
      else this.gone(event.object);
      this.atStart = false;
    }
    await Promise.all(this.reading);
  }

  private seen(pod: Pod): void {
    if (!this.options.wants(pod)) return;
    const uid = pod.metadata?.uid ?? '';
    if (!this.pods.has(uid) && !this.atStart) this.options.tell(`+ pod/${pod.metadata?.name}`);
    this.pods.set(uid, pod);
    const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
    for (const status of [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]) {
      const { container } = this.options;
      if (hasStarted(status) && (container === '' || container === status.name)) this.begin(pod, status);
    }
  }

  private gone(pod: Pod): void {
    if (this.pods.delete(pod.metadata?.uid ?? '')) this.options.tell(`- pod/${pod.metadata?.name}`);
  }

  private begin(pod: Pod, status: ContainerStatus): void {
    const key = `${pod.metadata?.uid}/${status.name}/${status.restartCount}`;
    if (this.begun.has(key)) return;
    this.begun.add(key);
    const source = {
      pod: pod.metadata?.name ?? '',
      namespace: pod.metadata?.namespace ?? '',
      container: status.name,
    };
    const reading = this.follow(source, pod.metadata?.uid ?? '', this.atStart ? this.options.first : {}).finally(() =>
      this.reading.delete(reading),
    );
    this.reading.add(reading);
  }

  private async follow(source: LogSource, uid: string, first: LiveOptions['first']): Promise<void> {
    const { signal, tell } = this.options;
    let last = '';
    for (;;) {
      try {
        last = await this.read(source, last === '' ? first : { sinceTime: last }, last);
        // The stream ends with the container; while it runs, the line was cut.
        if (!this.isRunning(uid, source.container)) return;
      } catch (error) {
        if (signal.aborted || !this.isRunning(uid, source.container)) return;
        tell(`pod/${source.pod} container ${source.container}: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      if (signal.aborted || !this.isRunning(uid, source.container)) return;
    }
  }

  private isRunning(uid: string, container: string): boolean {
    const {
      initContainerStatuses = [],
      containerStatuses = [],
      ephemeralContainerStatuses = [],
    } = this.pods.get(uid)?.status ?? {};
    const all = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
    return all.some((s) => s.name === container && s.state?.running !== undefined);
  }

  /** Answers the time of the last line. */
  private async read(source: LogSource, query: LiveOptions['first'], after: string): Promise<string> {
    const { cluster, signal, write } = this.options;
    const { namespace, pod, container } = source;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
    const response = await cluster.request('GET', path, {
      query: { container, follow: true, timestamps: true, ...query },
      headers: { accept: 'application/json, */*' },
      signal,
    });
    let last = after;
    const bytes = response.body?.bytes() ?? new Uint8Array();
    for await (const line of readLines(bytes instanceof Uint8Array ? once(bytes) : bytes)) {
      const { time = '' } = splitTimestamp(line);
      // sinceTime counts whole seconds: some lines come twice.
      if (time !== '' && time <= after) continue;
      await write(source, line);
      if (time !== '') last = time;
    }
    return last;
  }
}

const hasStarted = ({ state }: ContainerStatus): boolean =>
  state?.running !== undefined || state?.terminated !== undefined;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
