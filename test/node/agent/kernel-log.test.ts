import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { killedForMemory } from '../../../src/node/agent/kernel-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'sampan-kmsg-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const line = (id: string) =>
  `6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,cpuset=${id},mems_allowed=0,oom_memcg=/docker/${id},task_memcg=/docker/${id},task=busybox,pid=7,uid=0\n`;

test('the kernel names the container whose memory ran out, and no other', () => {
  const log = join(folder, 'kmsg');
  writeFileSync(log, `6,0,0,-;eth0: link up\n${line('aaaa')}${line('cccc')}`);
  expect(killedForMemory('aaaa', log)).toBe(true);
  expect(killedForMemory('cccc', log)).toBe(true);
  expect(killedForMemory('bbbb', log)).toBe(false);
});

test('a log that cannot be read says nothing', () => {
  expect(killedForMemory('aaaa', join(folder, 'absent'))).toBe(false);
});
