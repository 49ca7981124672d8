// May a command run in a container as the user that was asked for? The API server has asked whether the caller may; here
// it is what the pod says of itself. Pure.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { INVALID_EXEC_USER, parseExecUser } from '../../api/exec-user.ts';
import { HttpError } from './answers.ts';

/** Docker's `User`. Throws HttpError 400 or 403. */
export function execUser(text: string, pod: Pod, container: string): string {
  const asked = parseExecUser(text);
  if (!asked) throw new HttpError(400, `invalid user ${JSON.stringify(text)}: must be ${INVALID_EXEC_USER}`);
  if (isNonRoot(pod, container)) {
    const where = `container ${JSON.stringify(container)} of pod ${JSON.stringify(pod.metadata?.name)} has runAsNonRoot`;
    if (asked.user === '0') throw new HttpError(403, `${where}: nothing is run in it as user 0`);
    // A name is whatever the container's /etc/passwd makes of it.
    if (!/^\d+$/.test(asked.user)) {
      throw new HttpError(403, `${where}: cannot verify user is non-root (${asked.user}), give its uid`);
    }
  }
  return asked.group === undefined ? asked.user : `${asked.user}:${asked.group}`;
}

function isNonRoot({ spec }: Pod, name: string): boolean {
  const all = [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ] as readonly Container[];
  const own = all.find((container) => container.name === name)?.securityContext;
  return own?.runAsNonRoot ?? spec?.securityContext?.runAsNonRoot ?? false;
}
