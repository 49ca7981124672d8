// Which files of a repository are no part of its artifact: gitignore patterns of spec.ignore, of .sourceignore files and,
// unless spec.ignore is given, Flux's own. Upstream: fluxcd/pkg/sourceignore, go-git plumbing/format/gitignore. Pure.
import { posix } from 'node:path';
import { RE2JS } from 're2js';

const VERSION_CONTROL = ['.git/', '.gitignore', '.gitmodules', '.gitattributes'];
const DEFAULTS = [
  '*.jpg', '*.jpeg', '*.gif', '*.png', '*.wmv', '*.flv', '*.tar.gz', '*.zip', '.github/', '.circleci/', '.travis.yml',
  '.gitlab-ci.yml', 'appveyor.yml', '.drone.yml', 'cloudbuild.yaml', 'codeship-services.yml', 'codeship-steps.yml',
  '**/.goreleaser.yml', '**/.sops.yaml', '**/.flux.yaml',
]; // prettier-ignore
const FILE = '.sourceignore';

interface Pattern {
  /** The folder that it is for, '' for all. */
  folder: string;
  keeps: boolean;
  foldersOnly: boolean;
  expression: RE2JS;
}

/** Undefined for lines that say nothing. */
function parsePattern(line: string, folder: string): Pattern | undefined {
  let text = line.replace(/\r$/, '').replace(/(?<!\\)\s+$/, '');
  if (text === '' || text.startsWith('#')) return undefined;
  const keeps = text.startsWith('!');
  if (keeps) text = text.slice(1);
  const foldersOnly = text.endsWith('/');
  if (foldersOnly) text = text.slice(0, -1);
  const anchored = text.includes('/');
  const source = toExpression(text.replace(/^\//, ''));
  try {
    const expression = RE2JS.compile(anchored ? `^${source}$` : `(?:^|/)${source}$`);
    return { folder, keeps, foldersOnly, expression };
  } catch {
    // Git, too, passes over a pattern that it cannot read.
    return undefined;
  }
}

function toExpression(pattern: string): string {
  const parts = pattern.split('/');
  return parts
    .map((part, i) => {
      if (part === '**') return i === parts.length - 1 ? '.+' : '(?:[^/]+/)*';
      const escaped = part.replaceAll(/\*+|\?|\[[^\]]*\]|[.+^${}()|\\]/g, (token) =>
        token.startsWith('*')
          ? '[^/]*'
          : token === '?'
            ? '[^/]'
            : token.startsWith('[')
              ? token.replace('[!', '[^')
              : `\\${token}`,
      );
      return i === parts.length - 1 ? escaped : `${escaped}/`;
    })
    .join('');
}

/** Answers the files that count. The last pattern that speaks of a path decides; what a folder loses is lost. */
export function withoutIgnored(
  files: ReadonlyMap<string, Uint8Array>,
  ignore: string | undefined,
): Map<string, Uint8Array> {
  const lines = ignore === undefined ? DEFAULTS : ignore.split('\n');
  const patterns = [...VERSION_CONTROL, ...lines].map((line) => parsePattern(line, ''));
  for (const path of [...files.keys()].filter((p) => posix.basename(p) === FILE).sort()) {
    const folder = posix.dirname(path) === '.' ? '' : posix.dirname(path);
    const text = Buffer.from(files.get(path)!).toString('utf8');
    patterns.push(...text.split('\n').map((line) => parsePattern(line, folder)));
  }
  const all = patterns.filter((p) => p !== undefined);
  const folders = new Map<string, boolean>();
  const ignored = (path: string, isFolder: boolean): boolean => {
    for (let i = all.length - 1; i >= 0; i--) {
      const { folder, keeps, foldersOnly, expression } = all[i]!;
      if (foldersOnly && !isFolder) continue;
      if (folder !== '' && !path.startsWith(`${folder}/`)) continue;
      if (expression.matcher(folder === '' ? path : path.slice(folder.length + 1)).find()) return !keeps;
    }
    return false;
  };
  const folderIgnored = (folder: string): boolean => {
    if (folder === '.') return false;
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const verdict = folderIgnored(posix.dirname(folder)) || ignored(folder, true);
    folders.set(folder, verdict);
    return verdict;
  };
  const kept = new Map<string, Uint8Array>();
  for (const [path, content] of files) {
    if (!folderIgnored(posix.dirname(path)) && !ignored(path, false)) kept.set(path, content);
  }
  return kept;
}
