// Flags that several commands share, with kubectl's help. Upstream: cmdutil.Add*Flag, genericclioptions flags.
import { CliError } from './errors.ts';
import { klogLine } from './klog.ts';
import { flag } from './pflag.ts';

export const filenameFlags = (usage: string) => ({
  filename: flag.slice(usage, { short: 'f' }),
  kustomize: flag.string("Process the kustomization directory. This flag can't be used together with -f or -R.", {
    short: 'k',
  }),
  recursive: flag.bool(
    'Process the directory used in -f, --filename recursively. Useful when you want to manage related manifests organized within the same directory.',
    { short: 'R' },
  ),
});

export const selectorFlag = {
  selector: flag.string(
    "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.(e.g. -l key1=value1,key2=value2,key3 in (value3)). Matching objects must satisfy all of the specified label constraints.",
    { short: 'l' },
  ),
};

export const fieldSelectorFlag = {
  'field-selector': flag.string(
    "Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector key1=value1,key2=value2). The server only supports a limited number of field queries per type.",
  ),
};

export const allNamespacesFlag = {
  'all-namespaces': flag.bool(
    'If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.',
    { short: 'A' },
  ),
};

export const chunkSizeFlag = {
  'chunk-size': flag.int(
    'Return large lists in chunks rather than all at once. Pass 0 to disable. This flag is beta and may change in the future.',
    { default: 500 },
  ),
};

export const dryRunFlag = {
  'dry-run': flag.string(
    'Must be "none", "server", or "client". If client strategy, only print the object that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.',
    { default: 'none', noOpt: 'unchanged' },
  ),
};

export const fieldManagerFlag = (manager: string) => ({
  'field-manager': flag.string('Name of the manager used to track field ownership.', { default: manager }),
});

/** How an object that stands in the way is removed. */
export const deletionFlags = {
  cascade: flag.string(
    'Must be "background", "orphan", or "foreground". Selects the deletion cascading strategy for the dependents (e.g. Pods created by a ReplicationController). Defaults to background.',
    { default: 'background', noOpt: 'background' },
  ),
  force: flag.bool(
    'If true, immediately remove resources from API and bypass graceful deletion. Note that immediate deletion of some resources may result in inconsistency or data loss and requires confirmation.',
  ),
  'grace-period': flag.int(
    'Period of time in seconds given to the resource to terminate gracefully. Ignored if negative. Set to 1 for immediate shutdown. Can only be set to 0 when --force is true (force deletion).',
    { default: -1 },
  ),
  timeout: flag.duration(
    'The length of time to wait before giving up on a delete, zero means determine a timeout from the size of the object',
  ),
  wait: flag.bool('If true, wait for resources to be gone before returning. This waits for finalizers.'),
};

export type Propagation = 'Background' | 'Orphan' | 'Foreground';

/** The propagation policy of --cascade; booleans are of earlier days. Upstream: delete.parseCascadingFlag. */
export function propagationOf(cascade: string, warn: (text: string) => void): Propagation {
  switch (cascade) {
    case 'background':
      return 'Background';
    case 'orphan':
      return 'Orphan';
    case 'foreground':
      return 'Foreground';
  }
  const isTrue = /^(1|t|true|TRUE|True|T)$/.test(cascade);
  if (!isTrue && !/^(0|f|false|FALSE|False|F)$/.test(cascade)) {
    throw new CliError(`invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`);
  }
  const instead = isTrue ? 'background' : 'orphan';
  warn(`warning: --cascade=${cascade} is deprecated (boolean value) and can be replaced with --cascade=${instead}.\n`);
  return isTrue ? 'Background' : 'Orphan';
}

export const overridesFlags = {
  'override-type': flag.string('The method used to override the generated object: json, merge, or strategic.', {
    default: 'merge',
  }),
  overrides: flag.string(
    'An inline JSON override for the generated object. If this is non-empty, it is used to override the generated object. Requires that the object supply a valid apiVersion field.',
  ),
};

export const validateFlag = {
  validate: flag.string(
    'Must be one of: strict (or true), warn, ignore (or false). "true" or "strict" will use a schema to validate the input and fail the request if invalid. It will perform server side validation if ServerSideFieldValidation is enabled on the api-server, but will fall back to less reliable client-side validation if not. "warn" will warn about unknown or duplicate fields without blocking the request if server-side field validation is enabled on the API server, and behave as "ignore" otherwise. "false" or "ignore" will not perform any schema validation, silently dropping any unknown or duplicate fields.',
    { default: 'strict', noOpt: 'strict' },
  ),
};

export const saveConfigFlag = {
  'save-config': flag.bool(
    'If true, the configuration of current object will be saved in its annotation. Otherwise, the annotation will be unchanged. This flag is useful when you want to perform kubectl apply on this object in the future.',
  ),
};

/** Of earlier days, and still there. Upstream: genericclioptions.RecordFlags. */
export const recordFlag = {
  record: flag.bool(
    'Record current kubectl command in the resource annotation. If set to false, do not record the command. If set to true, record the command. If not set, default to updating the existing annotation value only if one already exists.',
    { deprecated: '--record will be removed in the future' },
  ),
};

/** Of earlier days: there is one way to make each object now. */
export const generatorFlag = {
  generator: flag.string('The name of the API generator to use.', {
    deprecated: 'has no effect and will be removed in the future.',
    hidden: true,
  }),
};

export type DryRun = 'none' | 'client' | 'server';

/** Upstream: cmdutil.GetDryRunStrategy. Booleans are of earlier days. */
export function dryRunOf(value: string, warn: (text: string) => void): DryRun {
  switch (value) {
    case 'client':
    case 'server':
    case 'none':
      return value;
    case 'unchanged':
      warn(klogLine('W', 'helpers.go:702', '--dry-run is deprecated and can be replaced with --dry-run=client.'));
      return 'client';
  }
  if (/^(1|t|true|TRUE|True|T)$/.test(value)) {
    warn(booleanDryRun('helpers.go:716', value, 'client'));
    return 'client';
  }
  if (/^(0|f|false|FALSE|False|F)$/.test(value)) {
    warn(booleanDryRun('helpers.go:719', value, 'none'));
    return 'none';
  }
  throw new CliError(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
}

const booleanDryRun = (source: string, value: string, instead: DryRun): string =>
  klogLine(
    'W',
    source,
    `--dry-run=${value} is deprecated (boolean value) and can be replaced with --dry-run=${instead}.`,
  );

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** Upstream: cmdutil.GetValidationDirective. */
export function fieldValidationOf(value: string): FieldValidation {
  if (value === 'strict' || /^(1|t|true|TRUE|True|T)$/.test(value)) return 'Strict';
  if (value === 'warn') return 'Warn';
  if (value === 'ignore' || /^(0|f|false|FALSE|False|F)$/.test(value)) return 'Ignore';
  throw new CliError(
    `invalid - validate option ${JSON.stringify(value)}; must be one of: strict (or true), warn, ignore (or false)`,
  );
}

/** ` (dry run)`, ` (server dry run)` or nothing: what follows an operation's word. */
export const dryRunSuffix = (dryRun: DryRun): string =>
  dryRun === 'client' ? ' (dry run)' : dryRun === 'server' ? ' (server dry run)' : '';
