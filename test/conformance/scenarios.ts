// Tests of one suite side by side, whatever the runner's limit: pods mostly wait.
import { it } from 'vitest';

/** Tests that all begin at once, in `start`, and are each reported by themselves: pods mostly wait. */
export function scenarios() {
  const begin: (() => void)[] = [];
  const scenario = (name: string, body: () => Promise<void>): void => {
    let outcome = Promise.resolve();
    begin.push(() => {
      outcome = body();
      outcome.catch(() => undefined);
    });
    it(name, () => outcome);
  };
  /** One for each row; the title's `%s` is the row's first field. */
  const each =
    <A, B, C = undefined, D = undefined, E = undefined>(rows: readonly (readonly [A, B, C?, D?, E?])[]) =>
    (title: string, body: (a: A, b: B, c: C, d: D, e: E) => Promise<void>): void => {
      for (const row of rows) {
        const [a, b, c, d, e] = row as readonly [A, B, C, D, E];
        scenario(title.replace('%s', String(a)), () => body(a, b, c, d, e));
      }
    };
  return { scenario, each, start: () => begin.forEach((one) => one()) };
}
