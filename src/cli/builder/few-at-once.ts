// Many requests over few connections: each connection costs a handshake, which is dearer than a small answer.

/** As many as keep a server busy that is far away. */
const AT_ONCE = 8;

/** As Promise.allSettled of all of these, in their order. */
export async function fewAtOnce<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<PromiseSettledResult<R>[]> {
  const outcomes: PromiseSettledResult<R>[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      [outcomes[i]] = (await Promise.allSettled([work(items[i]!)])) as [PromiseSettledResult<R>];
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return outcomes;
}
