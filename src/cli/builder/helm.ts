// Runs helm for a kustomization, as `kustomize --enable-helm` asks for. Upstream: kustomize/api/internal/builtins/
// HelmChartInflationGenerator.go, of kustomize 5.5 (kubectl 1.32).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HelmRunner, pullWords, templateWords } from '../../api/kustomize/kustomize.ts';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';

export interface HelmOptions {
  command: string;
  debug: boolean;
  apiVersions: readonly string[];
  kubeVersion: string;
}

export function helmRunner(options: HelmOptions, io: Io): HelmRunner {
  return ({ chart: given, home, configHome, values }) => {
    // The file is read over the flags, as upstream has it.
    const chart = {
      ...(options.apiVersions.length > 0 ? { apiVersions: [...options.apiVersions] } : {}),
      ...(options.kubeVersion ? { kubeVersion: options.kubeVersion } : {}),
      ...(options.debug ? { debug: true } : {}),
      ...given,
    };
    const folder = mkdtempSync(join(io.env['TMPDIR'] || tmpdir(), 'kustomize-helm-'));
    const run = (words: readonly string[]): string =>
      runHelm(options.command, words, configHome || join(folder, 'helm'), io);
    try {
      checkVersion(run(['version', '-c', '--short']));
      if (!statSync(join(home, chart.name ?? ''), { throwIfNoEntry: false })?.isDirectory()) {
        if (!chart.repo) throw new CliError("no repo specified for pull, no chart found at ''");
        run(pullWords(chart, home));
      }
      const valuesFile = join(folder, `${chart.name}-kustomize-values.yaml`);
      writeFileSync(valuesFile, values());
      return run(templateWords(chart, home, valuesFile));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

function runHelm(command: string, words: readonly string[], configHome: string, io: Io): string {
  const env = {
    HELM_CONFIG_HOME: configHome,
    HELM_CACHE_HOME: `${configHome}/.cache`,
    HELM_DATA_HOME: `${configHome}/.data`,
  };
  const result = spawnSync(command, words, {
    cwd: io.cwd,
    env: { ...io.env, ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (!result.error && result.status === 0) return result.stdout;
  const shownEnv = `[${Object.entries(env)
    .map((pair) => pair.join('='))
    .join(' ')}]`;
  let said = result.stderr ?? '';
  if (words.includes('--debug')) said = ` Helm stack trace:\n${said}\nHelm template:\n${result.stdout ?? ''}\n`;
  throw new CliError(
    `${said === '' ? '' : `${said}: `}unable to run: '${command} ${words.join(' ')}' with env=${shownEnv} (is '${command}' installed?): ${reasonOf(command, result)}`,
  );
}

/** Go's words for why a program did not end well. */
function reasonOf(command: string, result: ReturnType<typeof spawnSync>): string {
  const { code } = (result.error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return command.includes('/')
      ? `fork/exec ${command}: no such file or directory`
      : `exec: ${JSON.stringify(command)}: executable file not found in $PATH`;
  }
  if (code === 'EACCES') return `fork/exec ${command}: permission denied`;
  return result.signal ? `signal: ${result.signal}` : `exit status ${result.status}`;
}

function checkVersion(text: string): void {
  const version = /v?\d+(\.\d+)+/.exec(text)?.[0];
  if (version === undefined) throw new CliError(`cannot find version string in ${text}`);
  const plain = version.replace(/^v/, '');
  if (plain.split('.')[0] !== '3') throw new CliError(`this plugin requires helm V3 but got v${plain}`);
}
