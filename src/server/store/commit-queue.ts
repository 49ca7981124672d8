// Group commit: while one commit is on its way to the disk, the transactions that arrive wait, and then share the
// next one. It orders and batches; what a transaction does and how it is made durable is given to it.

interface Waiting<I, O> {
  input: I;
  resolve(output: O): void;
  reject(error: unknown): void;
}

export class CommitQueue<I, O> {
  readonly #maxBatch: number;
  readonly #commit: (take: () => I[]) => Promise<O[]>;
  #waiting: Waiting<I, O>[] = [];
  #running: Promise<void> | undefined;

  /**
   * `commit` calls `take` once, as late as it can, applies the inputs in order and resolves with their outputs when
   * all are durable; a rejection is every input's.
   */
  constructor(maxBatch: number, commit: (take: () => I[]) => Promise<O[]>) {
    this.#maxBatch = maxBatch;
    this.#commit = commit;
  }

  add(input: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything that was added is settled. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      let batch: Waiting<I, O>[] = [];
      const take = (): I[] => {
        batch = this.#waiting.splice(0, this.#maxBatch);
        return batch.map(({ input }) => input);
      };
      try {
        const outputs = await this.#commit(take);
        batch.forEach(({ resolve }, i) => resolve(outputs[i]!));
      } catch (error) {
        // Nothing taken: the backend refuses before it looks, and would do so for ever.
        if (batch.length === 0) batch = this.#waiting.splice(0);
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }
}
