// The error of a server that cannot start: one line that says what, where and what to do. Commands print its message
// and exit 1; anything else that is thrown at start is a bug.
export class StartupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartupError';
  }
}

/** The errno name of a failed system call: `EACCES`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
