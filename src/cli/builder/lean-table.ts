// Takes managedFields out of the JSON text of a Table before it is parsed: they are most of a row, and no table shows them.
// Only for Tables whose rows hold metadata and nothing else, where the name can be no field of somebody's own.

const KEY = '"managedFields":[';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** In a string the quotes of the key would be escaped, so that what is found is a key. */
export function withoutManagedFields(text: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let at = text.indexOf(KEY); at >= 0; at = text.indexOf(KEY, from)) {
    const end = endOfArray(text, at + KEY.length - 1);
    if (end < 0) return text;
    const afterComma = text.charCodeAt(at - 1) === COMMA;
    kept.push(text.slice(from, afterComma ? at - 1 : at));
    from = !afterComma && text.charCodeAt(end) === COMMA ? end + 1 : end;
  }
  if (from === 0) return text;
  kept.push(text.slice(from));
  return kept.join('');
}

/** Behind the bracket that closes the one at `start`; -1 when the text ends before. */
function endOfArray(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === 0x5b || code === 0x7b) depth++;
    else if ((code === 0x5d || code === 0x7d) && --depth === 0) return i + 1;
  }
  return -1;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) break;
    i += code === BACKSLASH ? 2 : 1;
  }
  return i;
}
