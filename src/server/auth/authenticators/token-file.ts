// Static tokens from a CSV file: `token,user,uid[,"group1,group2"]` per line, read once at start.
// Upstream: apiserver/pkg/authentication/token/tokenfile/tokenfile.go.
import type { User } from '../../../wire/http.ts';
import { ALL_AUTHENTICATED } from '../types.ts';
import type { TokenAuthenticator } from './bearer.ts';

/** `text` is the file's content; `path` names it in errors. */
export function tokenFileAuthenticator(path: string, text: string): TokenAuthenticator {
  const users = new Map<string, User>();
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const [token = '', name = '', uid = '', groups = ''] = fields(line);
    if (token === '' || name === '') {
      throw new Error(`${path}:${index + 1}: a line must be token,user,uid and optionally "group1,group2"`);
    }
    const list = groups
      .split(',')
      .map((g) => g.trim())
      .filter((g) => g !== '');
    users.set(token, Object.freeze({ name, uid, groups: [...list, ALL_AUTHENTICATED] }));
  });
  return { name: 'token-file', authenticateToken: (token) => users.get(token) };
}

/** One line of CSV: a field may stand in double quotes, in which "" is a quote. */
function fields(line: string): string[] {
  return [...line.trim().matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) =>
    match[1] !== undefined ? match[1].replaceAll('""', '"') : (match[2] ?? '').trim(),
  );
}
