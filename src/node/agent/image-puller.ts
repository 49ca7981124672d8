// Gets a container's image by its pull policy, with a back-off for each image and upstream's reasons, messages and
// events. Upstream: pkg/kubelet/images/image_manager.go.
import type { Container, Pod, Secret } from 'kubernetes-types/core/v1.js';
import { formatDuration } from '../../api/duration.ts';
import type { DockerClient } from '../docker/client.ts';
import { DockerUnavailable } from '../docker/errors.ts';
import { defaultPullPolicy, withDefaultTag } from '../docker/image-reference.ts';
import { credentialsFor } from '../docker/registry-auth.ts';
import type { ImageDetails } from '../docker/types.ts';
import { BackOff, type BackOffOptions } from './backoff.ts';

/** A container cannot start now; the reason and the message are what its status shows. */
export class StartError extends Error {
  constructor(
    readonly reason: string,
    message: string,
    /** When to try again; absent: when something changes. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

export interface PullRequest {
  pod: Pod;
  container: Container;
  secrets: readonly Secret[];
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
  signal: AbortSignal;
}

const MAX_PARALLEL = 5;

export class ImagePuller {
  private readonly backOff: BackOff;
  private readonly lastFailure = new Map<string, { message: string; atMs: number }>();
  private readonly pulls = new Map<string, Promise<void>>();
  private readonly waiting: (() => void)[] = [];
  private active = 0;

  constructor(
    private readonly docker: DockerClient,
    private readonly clock: { now(): number },
    options: BackOffOptions = {},
  ) {
    this.backOff = new BackOff(() => clock.now(), options);
  }

  /** The image, present on this machine. Throws StartError. */
  async ensure(request: PullRequest): Promise<{ reference: string; image: ImageDetails }> {
    const name = request.container.image ?? '';
    let reference: string;
    try {
      reference = withDefaultTag(name);
    } catch (error) {
      const message = `Failed to apply default image tag ${JSON.stringify(name)}: ${(error as Error).message}`;
      request.event('Warning', 'InspectFailed', message);
      throw new StartError('InvalidImageName', message, 60_000);
    }
    const policy = request.container.imagePullPolicy ?? defaultPullPolicy(name);
    const present = await this.docker.inspectImage(reference);
    if (present && policy !== 'Always') {
      request.event('Normal', 'Pulled', `Container image "${name}" already present on machine`);
      return { reference, image: present };
    }
    if (policy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      request.event('Warning', 'ErrImageNeverPull', message);
      throw new StartError('ErrImageNeverPull', message, 60_000);
    }
    await this.pull(request, name, reference);
    const pulled = await this.docker.inspectImage(reference);
    if (!pulled) throw new StartError('ErrImagePull', `the image ${reference} vanished after it was pulled`, 1000);
    return { reference, image: pulled };
  }

  private async pull(request: PullRequest, name: string, reference: string): Promise<void> {
    const key = `${request.pod.metadata?.uid ?? ''}_${name}`;
    const failure = this.lastFailure.get(key);
    const remaining = failure ? this.backOff.remainingMs(key, failure.atMs) : 0;
    if (failure && remaining > 0) {
      const message = `Back-off pulling image "${name}"`;
      request.event('Normal', 'BackOff', message);
      throw new StartError('ImagePullBackOff', `${message}: ErrImagePull: ${failure.message}`, remaining);
    }
    const asked = this.clock.now();
    request.event('Normal', 'Pulling', `Pulling image "${name}"`);
    let began = asked;
    try {
      await this.shared(reference, async () => {
        began = this.clock.now();
        await this.pullWithSecrets(reference, request);
      });
    } catch (error) {
      if (error instanceof DockerUnavailable || request.signal.aborted) throw error;
      const { message } = error as Error;
      this.lastFailure.set(key, { message, atMs: this.clock.now() });
      this.backOff.next(key, this.clock.now());
      request.event('Warning', 'Failed', `Failed to pull image "${name}": ${message}`);
      throw new StartError('ErrImagePull', message, Math.min(this.backOff.delayMs(key), 1000));
    }
    this.lastFailure.delete(key);
    const size = (await this.docker.inspectImage(reference))?.Size ?? 0;
    const [own, whole] = [this.clock.now() - began, this.clock.now() - asked].map((ms) => formatDuration(ms));
    request.event(
      'Normal',
      'Pulled',
      `Successfully pulled image "${name}" in ${own} (${whole} including waiting). Image size: ${size} bytes.`,
    );
  }

  private async pullWithSecrets(reference: string, request: PullRequest): Promise<void> {
    const credentials = credentialsFor(reference, request.secrets);
    let lastError: unknown;
    for (const auth of credentials.length > 0 ? credentials : [undefined]) {
      try {
        await this.docker.pullImage(reference, { ...(auth && { auth }), signal: request.signal });
        return;
      } catch (error) {
        if (request.signal.aborted) throw error;
        lastError = error;
      }
    }
    throw lastError;
  }

  /** One pull of an image at a time, whoever asks; few at once in all. */
  private async shared(reference: string, pull: () => Promise<void>): Promise<void> {
    const running = this.pulls.get(reference);
    if (running) {
      await running.catch(() => undefined);
      if (await this.docker.inspectImage(reference)) return;
      return this.shared(reference, pull);
    }
    const mine = this.limited(pull);
    this.pulls.set(reference, mine);
    try {
      await mine;
    } finally {
      this.pulls.delete(reference);
    }
  }

  private async limited(pull: () => Promise<void>): Promise<void> {
    if (this.active >= MAX_PARALLEL) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.active++;
    try {
      await pull();
    } finally {
      this.active--;
      this.waiting.shift()?.();
    }
  }
}
