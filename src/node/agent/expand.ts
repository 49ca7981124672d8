// $(NAME) in command, args and env values. `$$` is a dollar sign, an unknown name stays as it is.
// Upstream: third_party/forked/golang/expansion.

export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  let out = '';
  let i = 0;
  while (i < text.length) {
    const c = text[i]!;
    if (c !== '$' || i + 1 >= text.length) {
      out += c;
      i++;
      continue;
    }
    const next = text[i + 1]!;
    if (next === '$') {
      out += '$';
      i += 2;
      continue;
    }
    const close = next === '(' ? text.indexOf(')', i + 2) : -1;
    if (close < 0) {
      // Not a reference, or an unterminated one: upstream writes both characters as they are.
      out += next === '(' ? '$(' : `$${next}`;
      i += 2;
      continue;
    }
    const name = text.slice(i + 2, close);
    out += lookUp(name) ?? `$(${name})`;
    i = close + 1;
  }
  return out;
}
