// What happens on a terminal, held against our program (interactive.test.ts) and against the real kubectl
// (interactive.kubectl.test.ts): the same keys, the same screen, the same exit codes.
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Terminal } from '../support/terminal.ts';
import { running, startTerminalServer, type TerminalServer } from './terminal-server.ts';

/** How the shell tells what is left behind: the exit code, and whether lines are edited and shown again. */
const AFTER = `; echo code=$?; stty -a | tr ' ;' '\\n\\n' | grep -x -- '-*icanon\\|-*echo' | sort | tr '\\n' ' '`;
const RESTORED = 'echo icanon ';

export function onTerminals(program: string): void {
  let bench: TerminalServer;
  const terminals: Terminal[] = [];
  beforeAll(async () => {
    bench = await startTerminalServer();
    await bench.startPod('p');
  });
  afterAll(async () => {
    for (const terminal of terminals) terminal.close();
    await bench.close();
  });
  const open = (line: string, env: Record<string, string> = {}): Terminal => {
    const terminal = new Terminal(line.replaceAll('PROGRAM', program), { env: { ...bench.env, ...env } });
    terminals.push(terminal);
    return terminal;
  };
  const screen = (terminal: Terminal): string => terminal.screen.replaceAll('sampan', 'kubectl');

  describe.concurrent('on a terminal', () => {
    it('exec -it: keys go to the command, sizes too, and the terminal comes back', async () => {
      const terminal = open(`PROGRAM exec p -c main -it -- sh${AFTER}`);
      await terminal.until('size 100x30\n');
      terminal.send('hello\r');
      await terminal.until('ran hello\n');
      terminal.send('\u0003');
      await terminal.until('^C\n');
      await terminal.resize(90, 25);
      await terminal.until('size 90x25\n');
      terminal.send('exit 7\r');
      await terminal.until(`command terminated with exit code 7\ncode=7\n${RESTORED}`);
      expect(await terminal.end()).toBe(0);
    });
    it('attach -it: a program is made to draw itself anew', async () => {
      const terminal = open(`PROGRAM attach p -c main -it${AFTER}`);
      await terminal.until("If you don't see a command prompt, try pressing enter.\n");
      await terminal.until('size 101x31\nsize 100x30\n');
      terminal.send('\u0004');
      await terminal.until(`code=0\n${RESTORED}`);
      expect(screen(terminal)).toContain(
        "Session ended, resume using 'kubectl attach p -c main -i -t' command when the pod is running\n",
      );
    });
    it('attach of a container without a terminal', async () => {
      const terminal = open(`PROGRAM attach p -c plain -it < /dev/null${AFTER}`);
      await terminal.until('error: Unable to use a TTY - container plain did not allocate one\n');
      await terminal.until(`code=0\n${RESTORED}`);
    });
    it('run -it --rm: waits, attaches, deletes', async () => {
      const terminal = open(`PROGRAM run r --image=x -it --rm --restart=Never${AFTER}`);
      await created('r');
      await bench.setStatus('r', running);
      await terminal.until('size 100x30\n');
      terminal.send('exit 0\r');
      const state = { terminated: { exitCode: 5, reason: 'Error' } };
      const containerStatuses = [{ name: 'r', image: 'x', imageID: '', ready: false, restartCount: 0, state }];
      await bench.setStatus('r', { phase: 'Failed', containerStatuses });
      await terminal.until(`code=5\n${RESTORED}`);
      expect(screen(terminal)).toContain('pod "r" deleted\n');
      expect(screen(terminal)).toContain('pod default/r terminated (Error)\n');
    });
    it('standard input that is no terminal, or has ended', async () => {
      const terminal = open(
        `printf 'one\\ntwo\\n' | PROGRAM exec p -c main -i -- cat; PROGRAM exec p -c main -i -- cat < /dev/null; PROGRAM exec p -c main -it -- cat < /dev/null${AFTER}`,
      );
      await terminal.until('one\ntwo\n');
      await terminal.until('Unable to use a TTY - input is not a terminal or the right kind of file\n');
      await terminal.until(`code=0\n${RESTORED}`);
    });
    it('^C ends what has no terminal of its own', async () => {
      const exec = open(`trap : INT; PROGRAM exec p -c main -- wait${AFTER}`);
      const watch = open(`trap : INT; PROGRAM get pods -w${AFTER}`);
      await exec.until('waiting\n');
      await watch.until('p      0/2');
      for (const terminal of [exec, watch]) terminal.send('\u0003');
      await exec.until('code=130\n');
      await watch.until('code=1\n');
    });
    it('edit: the editor has the terminal', async () => {
      await bench.server.client().request('POST', '/api/v1/namespaces/default/configmaps', {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'e' }, data: { a: 'old' } },
      });
      const editor = join(tmpdir(), `asks-${process.pid}.sh`);
      writeFileSync(editor, 'printf "new value: "; read -r value; sed -i "s/old/$value/" "$1"\n');
      const terminal = open(`PROGRAM edit cm e${AFTER}`, { EDITOR: `sh ${editor}` });
      await terminal.until('new value: ');
      terminal.send('typed\r');
      await terminal.until('configmap/e edited\n');
      await terminal.until(`code=0\n${RESTORED}`);
      const aborted = open(`trap : INT; PROGRAM edit cm e${AFTER}`, { EDITOR: `sh ${editor}` });
      await aborted.until('new value: ');
      aborted.send('\u0003');
      await aborted.until(`code=1\n${RESTORED}`);
      rmSync(editor);
    });
  });

  async function created(name: string): Promise<void> {
    for (;;) {
      const found = await bench.server
        .client()
        .request('GET', `/api/v1/namespaces/default/pods/${name}`)
        .catch(() => undefined);
      if (found) return;
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}
