// The Engine API as typed calls: one method per endpoint that the node uses, and no policy. Errors are DockerError
// (Docker's own message) or DockerUnavailable.
import type { Duplex, Readable } from 'node:stream';
import { DockerConnection } from './connection.ts';
import { DockerError, isDockerConflict, isGone, isUnchanged } from './errors.ts';
import { readJsonLines } from './json-lines.ts';
import type {
  ContainerCreate,
  ContainerDetails,
  ContainerStats,
  ContainerSummary,
  DockerEvent,
  DockerInfo,
  ExecDetails,
  ImageDetails,
  ImageSummary,
  LogOptions,
  NetworkCreate,
  NetworkDetails,
  RegistryAuth,
} from './types.ts';

export const DEFAULT_DOCKER_SOCKET = '/var/run/docker.sock';

/** How long somebody else's removal of a container is waited for. */
const REMOVAL_MS = 10_000;

const labelFilter = (labels: Record<string, string>) => ({
  label: Object.entries(labels).map(([name, value]) => (value === '' ? name : `${name}=${value}`)),
});

async function ignoring(call: Promise<unknown>, ...expected: ((error: unknown) => boolean)[]): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!expected.some((is) => is(error))) throw error;
  }
}

export interface ExecOptions {
  command: readonly string[];
  tty?: boolean;
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  env?: readonly string[];
  /** Default: the container's. */
  user?: string;
}

export class DockerClient {
  readonly connection: DockerConnection;
  private endpoints: Promise<unknown> = Promise.resolve();

  constructor(options: { socketPath?: string } = {}) {
    this.connection = new DockerConnection(options.socketPath ?? DEFAULT_DOCKER_SOCKET);
  }

  async ping(signal?: AbortSignal): Promise<void> {
    await (await this.connection.stream('GET', '/_ping', signal ? { signal } : {})).resume();
  }

  info(): Promise<DockerInfo> {
    return this.connection.json('GET', '/info');
  }

  /** Containers that carry all these labels, dead ones included. An empty value matches any. */
  listContainers(labels: Record<string, string>): Promise<ContainerSummary[]> {
    const query = { all: true, filters: JSON.stringify(labelFilter(labels)) };
    return this.connection.json('GET', '/containers/json', { query });
  }

  inspectContainer(id: string): Promise<ContainerDetails> {
    return this.connection.json('GET', `/containers/${id}/json`);
  }

  async createContainer(name: string, body: ContainerCreate): Promise<string> {
    const query = { name };
    return (await this.connection.json<{ Id: string }>('POST', '/containers/create', { query, body })).Id;
  }

  async startContainer(id: string): Promise<void> {
    await ignoring(this.connection.json('POST', `/containers/${id}/start`), isUnchanged);
  }

  /**
   * startContainer for one that has a network of its own. Docker counts a network's endpoints, and miscounts when one
   * comes while another goes; until its next start it then refuses to remove the network. So they change one by one.
   */
  startSandbox(id: string): Promise<void> {
    return this.afterOtherEndpoints(() => this.startContainer(id));
  }

  /** removeContainer for one that has a network of its own (see startSandbox). */
  removeSandbox(id: string): Promise<void> {
    return this.afterOtherEndpoints(() => this.removeContainer(id));
  }

  private afterOtherEndpoints(change: () => Promise<void>): Promise<void> {
    const changed = this.endpoints.then(change);
    this.endpoints = changed.catch(() => undefined);
    return changed;
  }

  /** No error when it is not running or gone. */
  async killContainer(id: string, signal: string): Promise<void> {
    await ignoring(
      this.connection.json('POST', `/containers/${id}/kill`, { query: { signal } }),
      isDockerConflict,
      isGone,
    );
  }

  /** Resolves when the container is not running (at once when it already is not, or is gone). */
  async waitContainer(id: string, signal?: AbortSignal): Promise<void> {
    const query = { condition: 'not-running' };
    await ignoring(
      this.connection.json('POST', `/containers/${id}/wait`, { query, ...(signal && { signal }) }),
      isGone,
    );
  }

  /** Removes it with its anonymous volumes, killing it first; no error when it is gone. Who else removes it is waited for. */
  async removeContainer(id: string): Promise<void> {
    const query = { force: true, v: true };
    try {
      await ignoring(this.connection.json('DELETE', `/containers/${id}`, { query }), isGone);
    } catch (error) {
      if (!isDockerConflict(error)) throw error;
      // Its network endpoint is still taken until that removal has ended.
      const signal = AbortSignal.timeout(REMOVAL_MS);
      const removed = this.connection.json('POST', `/containers/${id}/wait`, {
        query: { condition: 'removed' },
        signal,
      });
      await ignoring(removed, isGone, () => signal.aborted);
    }
  }

  /** The raw log stream: multiplexed unless the container has a terminal. */
  logs(id: string, options: LogOptions, signal?: AbortSignal): Promise<Readable> {
    const query = {
      stdout: options.stdout ?? true,
      stderr: options.stderr ?? true,
      follow: options.follow,
      timestamps: options.timestamps,
      tail: options.tail,
      since: options.sinceSeconds,
    };
    return this.connection.stream('GET', `/containers/${id}/logs`, { query, ...(signal && { signal }) });
  }

  attach(id: string, streams: { stdin?: boolean; stdout?: boolean; stderr?: boolean }): Promise<Duplex> {
    return this.connection.hijack(`/containers/${id}/attach`, { query: { stream: true, ...streams } });
  }

  async resizeContainer(id: string, size: { width: number; height: number }): Promise<void> {
    await this.connection.json('POST', `/containers/${id}/resize`, { query: { w: size.width, h: size.height } });
  }

  async createExec(id: string, options: ExecOptions): Promise<string> {
    const body = {
      AttachStdin: options.stdin ?? false,
      AttachStdout: options.stdout ?? true,
      AttachStderr: options.stderr ?? true,
      Tty: options.tty ?? false,
      Cmd: options.command,
      Env: options.env,
      User: options.user,
    };
    return (await this.connection.json<{ Id: string }>('POST', `/containers/${id}/exec`, { body })).Id;
  }

  startExec(execId: string, tty: boolean): Promise<Duplex> {
    return this.connection.hijack(`/exec/${execId}/start`, { body: { Detach: false, Tty: tty } });
  }

  inspectExec(execId: string): Promise<ExecDetails> {
    return this.connection.json('GET', `/exec/${execId}/json`);
  }

  async resizeExec(execId: string, size: { width: number; height: number }): Promise<void> {
    await this.connection.json('POST', `/exec/${execId}/resize`, { query: { w: size.width, h: size.height } });
  }

  /** A file or folder of the container, volumes included, as a tar stream named by its last part. */
  readArchive(id: string, path: string, signal: AbortSignal): Promise<Readable> {
    return this.connection.stream('GET', `/containers/${id}/archive`, { query: { path }, signal });
  }

  /** Unpacks below a folder of the container, with the owners that the archive names. */
  async writeArchive(id: string, folder: string, archive: Readable, signal: AbortSignal): Promise<void> {
    const query = { path: folder, noOverwriteDirNonDir: true };
    await this.connection.json('PUT', `/containers/${id}/archive`, { query, body: archive, signal });
  }

  /** Links are followed. */
  async isFolder(id: string, path: string): Promise<boolean> {
    try {
      // With a dot at the end only a folder has such a path.
      await this.connection.json('HEAD', `/containers/${id}/archive`, { query: { path: `${path}/.` } });
      return true;
    } catch (error) {
      if (error instanceof DockerError) return false;
      throw error;
    }
  }

  stats(id: string): Promise<ContainerStats> {
    return this.connection.json('GET', `/containers/${id}/stats`, { query: { stream: false, 'one-shot': true } });
  }

  listImages(): Promise<ImageSummary[]> {
    return this.connection.json('GET', '/images/json');
  }

  /** Undefined when the image is not here. */
  async inspectImage(reference: string): Promise<ImageDetails | undefined> {
    try {
      return await this.connection.json<ImageDetails>('GET', `/images/${encodeImage(reference)}/json`);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** Pulls and waits for the end; a failure during the pull is thrown with Docker's message. */
  async pullImage(
    reference: string,
    options: { auth?: RegistryAuth; onProgress?(line: string): void; signal?: AbortSignal } = {},
  ): Promise<void> {
    const auth = paddedBase64Url(JSON.stringify(options.auth ?? {}));
    const stream = await this.connection.stream('POST', '/images/create', {
      query: { fromImage: reference },
      headers: { 'x-registry-auth': auth },
      ...(options.signal && { signal: options.signal }),
    });
    for await (const line of readJsonLines<{ error?: string; status?: string; id?: string }>(stream)) {
      if (line.error !== undefined) throw new Error(line.error);
      if (line.status !== undefined) options.onProgress?.(line.id ? `${line.id}: ${line.status}` : line.status);
    }
  }

  /** `docker import`: a root file system as a tar stream becomes an image. */
  async importImage(tar: Readable, repository: string, tag: string, changes: readonly string[]): Promise<void> {
    const query = new URLSearchParams({ fromSrc: '-', repo: repository, tag });
    for (const change of changes) query.append('changes', change);
    const stream = await this.connection.stream('POST', `/images/create?${query.toString()}`, { body: tar });
    for await (const line of readJsonLines<{ error?: string }>(stream)) {
      if (line.error !== undefined) throw new Error(line.error);
    }
  }

  /** Removes the name, and the image when it was its last; no error when it is gone. */
  async removeImage(reference: string): Promise<void> {
    await ignoring(this.connection.json('DELETE', `/images/${encodeImage(reference)}`), isGone);
  }

  async inspectNetwork(name: string): Promise<NetworkDetails | undefined> {
    try {
      return await this.connection.json<NetworkDetails>('GET', `/networks/${encodeURIComponent(name)}`);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  listNetworks(labels: Record<string, string>): Promise<NetworkDetails[]> {
    return this.connection.json('GET', '/networks', { query: { filters: JSON.stringify(labelFilter(labels)) } });
  }

  async createNetwork(body: NetworkCreate): Promise<string> {
    return (await this.connection.json<{ Id: string }>('POST', '/networks/create', { body })).Id;
  }

  async removeNetwork(name: string): Promise<void> {
    await ignoring(this.connection.json('DELETE', `/networks/${encodeURIComponent(name)}`), isGone);
  }

  /** One connection's events, from `sinceNano` on; ends or throws when the daemon goes away (see events.ts). */
  async *events(
    filters: { labels: Record<string, string>; types: readonly string[]; since?: string },
    signal: AbortSignal,
  ): AsyncGenerator<DockerEvent> {
    const query = {
      filters: JSON.stringify({ ...labelFilter(filters.labels), type: filters.types }),
      since: filters.since,
    };
    yield* readJsonLines<DockerEvent>(await this.connection.stream('GET', '/events', { query, signal }));
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

/** Docker ignores credentials without the padding, which Node's own base64url leaves out. */
const paddedBase64Url = (text: string): string =>
  Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

/** Slashes stay: the daemon's router takes the rest of the path as the name. */
const encodeImage = (reference: string): string => reference.split('/').map(encodeURIComponent).join('/');
