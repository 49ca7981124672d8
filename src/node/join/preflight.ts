// What a machine must have before it can be a node: root's rights and a Docker daemon that answers.
import type { DockerClient } from '../docker/client.ts';
import type { DockerInfo } from '../docker/types.ts';
import { DockerError, DockerUnavailable } from '../docker/errors.ts';
import { NodeStartError } from './start-error.ts';

const ANSWER_MS = 10_000;

/** Throws NodeStartError; answers what Docker says about itself. */
export async function preflight(docker: DockerClient, uid: number | undefined): Promise<DockerInfo> {
  if (uid !== 0) {
    throw new NodeStartError(
      'a Docker node needs root (mounts, network namespaces, iptables): run it with sudo, or use --runtime simulated',
    );
  }
  try {
    await docker.ping(AbortSignal.timeout(ANSWER_MS));
    const info = await docker.info();
    if (info.OSType !== 'linux')
      throw new NodeStartError(`the Docker daemon runs ${info.OSType} containers: a node needs linux`);
    return info;
  } catch (error) {
    if (error instanceof NodeStartError) throw error;
    const why = error instanceof DockerUnavailable || error instanceof DockerError ? error.message : String(error);
    throw new NodeStartError(
      `${why.replace(/: is it running\?/, ':')} start Docker, name its socket with --docker, or use --runtime simulated`,
      { cause: error },
    );
  }
}
