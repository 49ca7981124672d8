// Completion in the shells themselves: bash, zsh and fish load the script and complete command lines with live names.
import { chmodSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, runProgram, startBench } from './corpus.ts';
import { runCli } from './run-cli.ts';

const program = resolve(import.meta.dirname, '../../bin/sampan');
let bench: Bench;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  bench = await startBench();
  const own = { KUBECONFIG: bench.kubeconfig, HOME: bench.home };
  for (const name of ['tide', 'tiller', 'rope']) await runCli(['create', 'cm', name], { env: own });
  const shim = join(bench.tmp, 'sampan');
  writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(shim, 0o755);
  env = { PATH: `${bench.tmp}:${process.env['PATH']}`, ...own, TERM: 'dumb', LANG: 'C.UTF-8' };
});
afterAll(() => bench.close());

/** What the shell offers for the line with the cursor at its end. */
const shells: Record<string, (line: string) => readonly string[]> = {
  bash: (line) => [
    '--norc',
    '-c',
    `source <(sampan completion bash); line=$1; read -ra COMP_WORDS <<<"$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); __sampan_complete; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    line,
  ],
  fish: (line) => ['--no-config', '-c', `sampan completion fish | source; complete -C '${line}'`],
  // A terminal of its own, because zsh completes only what is being typed; the candidates are told by a hook.
  zsh: (line) => [
    '-f',
    '-c',
    `zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; source <(sampan completion zsh)'
    zpty -w shell 'compadd() { builtin compadd -A found -D shown "$@"; print "<$found>"; builtin compadd "$@" }'
    zpty -w shell "bindkey '^I' complete-word; print READY"
    zpty -r shell out '*READY*READY*'
    zpty -w -n shell '${line}'$'\\t'
    zpty -r -m shell out '*<*>*' && print -r -- $out`,
  ],
};

describe.each(Object.keys(shells))('%s', (shell) => {
  const offered = async (line: string): Promise<string[]> => {
    const { stdout } = await runProgram(shell, shells[shell]!(line), { env });
    if (shell !== 'zsh') return stdout.map((text) => text.split('\t')[0]!.trim());
    return [...stdout.join('\n').matchAll(/<([^<>]+)>/g)].flatMap((m) => m[1]!.split(' '));
  };

  it('names commands', async () => {
    expect(await offered('sampan rollout un')).toEqual(['undo']);
  });

  it('names objects of the server', async () => {
    expect((await offered('sampan get cm ti')).sort()).toEqual(['tide', 'tiller']);
  });

  it('names kinds', async () => {
    expect(await offered('sampan get configm')).toEqual(['configmaps']);
  });
});
