// The escapes of one letter that Go's quoted strings have (strconv, text/scanner), both ways.

/** By the letter after the backslash. */
export const ESCAPED: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** By the character: how it is written between double quotes. */
export const WRITTEN: Readonly<Record<string, string>> = {
  '"': '\\"',
  ...Object.fromEntries(Object.entries(ESCAPED).map(([letter, character]) => [character, `\\${letter}`])),
};
