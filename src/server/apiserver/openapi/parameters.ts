// The query and path parameters of API requests. Names and types are upstream's; the texts are short and our own.

export interface Parameter {
  name: string;
  in: 'query' | 'path';
  type: 'string' | 'boolean' | 'integer';
  description: string;
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  in: 'query',
  type,
  description,
});

const list: Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Ask for BOOKMARK events in a watch.'),
  query('continue', 'string', 'The token of the previous page; answers the next one.'),
  query('fieldSelector', 'string', 'Restricts the answer to objects whose fields match. Default: everything.'),
  query('labelSelector', 'string', 'Restricts the answer to objects whose labels match. Default: everything.'),
  query('limit', 'integer', 'The most objects of one page; the answer says how to continue.'),
  query('resourceVersion', 'string', 'The version that the answer is of, or starts from.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion applies to a list: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Starts a watch with the current state, ended by a bookmark.'),
  query('timeoutSeconds', 'integer', 'Ends the list or watch after this time, whatever has happened.'),
  query('watch', 'boolean', 'Watches for changes instead of a list.'),
  query('pretty', 'string', "'true' prints the answer with indentation."),
  query('dryRun', 'string', 'All: does everything but the write itself.'),
  query('fieldManager', 'string', 'Names who makes the change, for the ownership of fields; required to apply.'),
  query(
    'fieldValidation',
    'string',
    'What unknown and duplicate fields do: Ignore drops them, Warn (default) also warns, Strict refuses the request.',
  ),
  query('force', 'boolean', 'Takes fields over that others own; for apply requests only.'),
  query('gracePeriodSeconds', 'integer', 'The time before the object is deleted; 0 is at once.'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean', 'Deletes an object that cannot be read.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
  { name: 'name', in: 'path', type: 'string', description: 'name of the object' },
  { name: 'namespace', in: 'path', type: 'string', description: 'namespace of the object' },
  { name: 'path', in: 'path', type: 'string', description: 'path behind the proxy' },
  query('container', 'string', 'The container that is meant; the only one, when the pod has one.'),
  query('command', 'string', 'What to run, not in a shell: one parameter for each argument.'),
  query('stdin', 'boolean', 'Connects the standard input.'),
  query('stdout', 'boolean', 'Connects the standard output.'),
  query('stderr', 'boolean', 'Connects the standard error output.'),
  query('tty', 'boolean', 'Runs it in a terminal.'),
  query('ports', 'integer', 'The ports to forward, for connections over WebSockets.'),
  query('follow', 'boolean', 'Goes on with what is written later.'),
  query('insecureSkipTLSVerifyBackend', 'boolean', "Does not verify the node's certificate."),
  query('limitBytes', 'integer', 'The most bytes to answer.'),
  query('previous', 'boolean', 'The log of the container that ran before this one.'),
  query('sinceSeconds', 'integer', 'What was written in so many seconds before now.'),
  query('stream', 'string', 'Which output: All, Stdout or Stderr.'),
  query('tailLines', 'integer', 'So many of the last lines.'),
  query('timestamps', 'boolean', 'Puts the time before each line.'),
];

/** The path that a proxy is asked for, as a parameter: it has the name of the one in the address. */
export const PROXY_PATH = '?path';

export const parameters: ReadonlyMap<string, Parameter> = new Map([
  ...list.map((p): [string, Parameter] => [p.name, p]),
  [PROXY_PATH, query('path', 'string', 'The path behind the proxy.')],
]);

export const LOG = [
  'container',
  'follow',
  'insecureSkipTLSVerifyBackend',
  'limitBytes',
  'pretty',
  'previous',
  'sinceSeconds',
  'stream',
  'tailLines',
  'timestamps',
] as const;
const ATTACH = ['container', 'stderr', 'stdin', 'stdout', 'tty'] as const;
/** Of the subresources that are connections. */
export const CONNECT: Readonly<Record<string, readonly string[]>> = {
  attach: ATTACH,
  exec: ['command', ...ATTACH],
  portforward: ['ports'],
  proxy: [PROXY_PATH],
};

export const WRITE = ['dryRun', 'fieldManager', 'fieldValidation'] as const;
export const APPLY = [...WRITE, 'force'] as const;
export const LIST = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
] as const;
export const DELETE = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'propagationPolicy',
] as const;
export const DELETE_COLLECTION = [...new Set([...DELETE, ...LIST])].filter(
  (name) => name !== 'watch' && name !== 'allowWatchBookmarks',
);
