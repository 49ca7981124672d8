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
];

export const parameters: ReadonlyMap<string, Parameter> = new Map(list.map((p) => [p.name, p]));

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
