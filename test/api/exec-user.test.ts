import { expect, it } from 'vitest';
import { parseExecUser } from '../../src/api/exec-user.ts';

it('reads names and numbers of users and groups, and nothing that means another', () => {
  expect(parseExecUser('1000')).toEqual({ user: '1000' });
  expect(parseExecUser('www-data:adm')).toEqual({ user: 'www-data', group: 'adm' });
  expect(parseExecUser('000:0')).toEqual({ user: '0', group: '0' });
  for (const bad of ['', ':', ':0', '0:', '-1', '+0', '0x0', '1:2:3', 'a b', '4294967296', '9'.repeat(20), 'a/b']) {
    expect(parseExecUser(bad), bad).toBeUndefined();
  }
});
