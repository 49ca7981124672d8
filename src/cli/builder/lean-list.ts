// Takes managedFields out of the JSON text of a list before it is parsed, for printers that do not show them. Only those of
// the items' own metadata: a field of that name elsewhere is somebody's data.

const ITEMS = '"items":[';
const METADATA = '"metadata":{';
const KEY = '"managedFields":[';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** Counted from the list of items: what stands in an item, and in its metadata. */
const IN_ITEM = 2;
const IN_METADATA = 3;

/** A text that is no list comes back as it is, and so does one that ends too early. */
export function withoutItemsManagedFields(text: string): string {
  const start = text.indexOf(ITEMS);
  if (start < 0) return text;
  const kept: string[] = [];
  let from = 0;
  let depth = 0;
  let inMetadata = false;
  /** Where the managedFields began that are being passed over. */
  let cut = -1;
  for (let i = start + ITEMS.length - 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      if (depth === IN_ITEM && text.startsWith(METADATA, i)) inMetadata = true;
      if (depth === IN_METADATA && inMetadata && text.startsWith(KEY, i)) cut = i;
      i = endOfString(text, i);
    } else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) {
      depth--;
      if (depth === 0) break;
      if (depth === IN_ITEM) inMetadata = false;
      if (depth !== IN_METADATA || cut < 0) continue;
      const afterComma = text.charCodeAt(cut - 1) === COMMA;
      kept.push(text.slice(from, afterComma ? cut - 1 : cut));
      from = !afterComma && text.charCodeAt(i + 1) === COMMA ? i + 2 : i + 1;
      cut = -1;
    }
  }
  if (from === 0 || depth !== 0) return text;
  kept.push(text.slice(from));
  return kept.join('');
}

/** Where the quote is that ends the string which begins here. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && text.charCodeAt(end - 1) === BACKSLASH) {
    let before = end - 1;
    while (text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((end - before) % 2 === 0) break;
    end = text.indexOf('"', end + 1);
  }
  return end < 0 ? text.length : end;
}
