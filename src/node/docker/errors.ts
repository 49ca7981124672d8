// What can go wrong between the node and Docker, as two kinds: Docker answered no, or Docker did not answer.

/** Docker answered with a failure; the message is Docker's own. */
export class DockerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'DockerError';
  }
}

/** No answer: the socket is missing, closed, or broke off. The caller waits and tries again. */
export class DockerUnavailable extends Error {
  constructor(
    readonly socketPath: string,
    override readonly cause: unknown,
  ) {
    const detail = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
    super(`cannot connect to the Docker daemon at unix://${socketPath}: is it running? (${detail})`);
    this.name = 'DockerUnavailable';
  }
}

export const isGone = (error: unknown): boolean => error instanceof DockerError && error.status === 404;
export const isDockerConflict = (error: unknown): boolean => error instanceof DockerError && error.status === 409;
/** 304: the container is already in the state that was asked for. */
export const isUnchanged = (error: unknown): boolean => error instanceof DockerError && error.status === 304;
