// Patterns that users write, on RE2's engine: Go's syntax, and no input makes it slow. Never JavaScript's RegExp.
import { RE2JS } from 're2js';

const cache = new Map<string, (text: string) => boolean>();
const LIMIT = 1_000;

/** A test for `pattern` anywhere in a text. Throws RE2JSSyntaxException when it is no pattern. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const known = cache.get(pattern);
  if (known) return known;
  const compiled = RE2JS.compile(pattern);
  const test = (text: string): boolean => compiled.matcher(text).find();
  // CRDs come and go; forgetting everything now and then is cheaper than keeping an order.
  if (cache.size >= LIMIT) cache.clear();
  cache.set(pattern, test);
  return test;
}

/** Undefined when the pattern compiles, else what is wrong with it. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
