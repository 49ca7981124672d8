// What `exec --run-as` names: a user, and perhaps a group, of the container. `exec` of a Sampan server takes it as the
// query parameter `user`, which the API itself does not have. Pure.

export interface ExecUser {
  /** A name of the container's /etc/passwd, or a uid without leading zeros. */
  user: string;
  group?: string;
}

const NAME = /^[a-z_][a-z0-9_.-]{0,31}$/i;
const NUMBER = /^\d{1,10}$/;
const MAX_ID = 2 ** 31 - 1;

/** `USER[:GROUP]`; undefined for what is neither names nor numbers. */
export function parseExecUser(text: string): ExecUser | undefined {
  const parts = text.split(':');
  if (parts.length > 2) return undefined;
  const [user, group] = parts.map(identity);
  if (user === undefined || (parts.length === 2 && group === undefined)) return undefined;
  return group === undefined ? { user } : { user, group };
}

function identity(text: string): string | undefined {
  if (NAME.test(text)) return text;
  return NUMBER.test(text) && Number(text) <= MAX_ID ? String(Number(text)) : undefined;
}

export const INVALID_EXEC_USER = 'USER[:GROUP], each a name or a number of the container';
