// The flags and commands that kubectl does not have, as a list: whoever adds one adds it here, and own.kubectl.test.ts
// asks the real kubectl whether it is truly none of its own.
import { describe, expect, it } from 'vitest';
import { ownFlags, ownNames, ownCommands } from './own.ts';

describe('what is ours', () => {
  it('are these commands', () => {
    expect(ownNames).toEqual('ctx down gitops neat node ns server tree undo up why'.split(' '));
  });
  it("are these flags of kubectl's commands", async () => {
    expect(await ownFlags()).toEqual({
      apply: ['atomic', 'show-diff'],
      cp: ['resume'],
      describe: ['decode'],
      events: ['group'],
      exec: ['run-as'],
      get: ['decode', 'everything', 'neat'],
      logs: ['all-namespaces', 'live', 'match', 'output'],
      'port-forward': ['reconnect'],
      wait: ['fail-fast', 'progress'],
    });
  });
  it('have help with examples', async () => {
    const missing = (await ownCommands()).filter(
      ({ command }) => !command.summary || !command.usage || !command.examples,
    );
    expect(missing.map(({ path }) => path)).toEqual([]);
  });
});
