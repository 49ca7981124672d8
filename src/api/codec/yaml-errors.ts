// Words of go-yaml for what the `yaml` package found wrong, with go-yaml's line numbers: a scanner's error names its
// line, a parser's error the line before it (its marks count from zero), and the first line has no number.
// Upstream: sigs.k8s.io/yaml goyaml.v2 (parserc.go, scannerc.go, decode.go's fail).
import type { YAMLParseError } from 'yaml';

const lineAt = (text: string, offset: number): number => {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
};

const scanner = (line: number, words: string): string => (line > 1 ? `line ${line}: ${words}` : words);
const parser = (line: number, words: string): string => (line > 1 ? `line ${line - 1}: ${words}` : words);

const MAPPING_VALUES = 'mapping values are not allowed in this context';
const NO_TOKEN = 'found character that cannot start any token';
const NO_KEY = 'did not find expected key';

/** The line of the colon that makes a value of what cannot have one. */
function colonLine(text: string, offset: number): number {
  const colon = /:(?=[ \t\r\n]|$)/g;
  colon.lastIndex = offset;
  return lineAt(text, colon.exec(text)?.index ?? offset);
}

/** Whether a line's first word stands below a key of the same map: only a key can stand there. */
function followsKey(text: string, offset: number): boolean {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const column = offset - start;
  if (text.slice(start, offset).trim() !== '') return false;
  const above = text.slice(0, start).split('\n').slice(0, -1);
  const indents = above.filter((l) => l.trim() !== '').map((l) => /^ */.exec(l)![0].length);
  return indents.findLast((indent) => indent <= column) === column;
}

/** The first content at or after an offset. */
function contentAfter(text: string, offset: number): number {
  const content = /[^\s]/g;
  content.lastIndex = offset;
  return content.exec(text)?.index ?? text.length;
}

const flowError = (line: number, isMap: boolean): string =>
  parser(line, isMap ? "did not find expected ',' or '}'" : "did not find expected ',' or ']'");

/** The end of the stream stands on a line of its own, which go-yaml begins if the text does not. */
function unclosed(text: string, isMap: boolean): string {
  const line = text.split('\n').length + (text.endsWith('\n') ? 0 : 1);
  return /[[{,]\s*$/.test(text) ? parser(line, 'did not find expected node content') : flowError(line, isMap);
}

function missing(error: YAMLParseError, text: string): string {
  const { message } = error;
  if (/quote/.test(message)) return scanner(lineAt(text, text.length), 'found unexpected end of stream');
  if (message.startsWith('Implicit')) {
    return scanner(lineAt(text, contentAfter(text, error.pos[1])), "could not find expected ':'");
  }
  if (message.startsWith('Sequence item')) return parser(lineAt(text, error.pos[0]), NO_KEY);
  const isMap = /map|\}/.test(message);
  const next = contentAfter(text, error.pos[0]);
  return next === text.length ? unclosed(text, isMap) : flowError(lineAt(text, next), isMap);
}

/** What stands at a wrong column is a missing item when the list's own items stand at that column. */
function badIndent(error: YAMLParseError, text: string, line: number): string {
  const flow = /^Flow (map|sequence)/.exec(error.message);
  if (flow && contentAfter(text, error.pos[0]) === text.length) return unclosed(text, flow[1] === 'map');
  if (flow) return flowError(line, flow[1] === 'map');
  const lines = text.split('\n');
  const column = /^ */.exec(lines[line - 1] ?? '')?.[0].length ?? 0;
  for (let i = line - 2; i >= 0; i--) {
    const above = lines[i] ?? '';
    if (above.trim() === '') continue;
    const indent = /^ */.exec(above)?.[0].length ?? 0;
    if (indent < column) break;
    if (indent === column && above.startsWith('-', indent)) return parser(line, "did not find expected '-' indicator");
  }
  return parser(line, NO_KEY);
}

/** A tab where a key's value should start is no token; after a value it breaks the indentation. */
function badTab(text: string, line: number): string {
  const above = text.split('\n').slice(0, line - 1);
  const previous = above.findLast((l) => l.trim() !== '') ?? ':';
  const words = /[:-]\s*$/.test(previous) ? NO_TOKEN : 'found a tab character that violates indentation';
  return scanner(line, words);
}

/** The text after `yaml: `. */
export function yamlErrorText(error: YAMLParseError, text: string): string {
  const line = lineAt(text, error.pos[0]);
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      if (error.message.startsWith('A block sequence')) return parser(line, NO_KEY);
      return scanner(colonLine(text, error.pos[0]), MAPPING_VALUES);
    case 'MULTILINE_IMPLICIT_KEY':
      if (followsKey(text, error.pos[0])) {
        const next = contentAfter(text, text.indexOf('\n', error.pos[0]));
        return scanner(lineAt(text, next), "could not find expected ':'");
      }
      return scanner(colonLine(text, error.pos[0]), MAPPING_VALUES);
    case 'TAB_AS_INDENT':
      return badTab(text, line);
    case 'BAD_SCALAR_START':
    case 'BAD_DIRECTIVE':
      return scanner(line, NO_TOKEN);
    case 'BAD_DQ_ESCAPE':
      return scanner(line, 'found unknown escape character');
    case 'MISSING_CHAR':
      return missing(error, text);
    case 'BAD_INDENT':
      return badIndent(error, text, line);
    case 'UNEXPECTED_TOKEN': {
      const before = text.slice(0, error.pos[0]).trimEnd();
      const isValue = error.message.startsWith('Unexpected flow-') && /[:-]$/.test(before);
      return parser(line, isValue ? 'did not find expected node content' : NO_KEY);
    }
  }
  return parser(line, NO_KEY);
}
