// The error of a node that cannot start: one line that says what, where and what to do. Commands print its message and
// exit 1; anything else that is thrown at start is a bug.
export class NodeStartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // By this name the command line knows what to print as one line.
    this.name = 'StartupError';
  }
}
