// What people write into a GitRepository or its Secret reaches Git's command line and configuration: nothing of it may
// be read as an option or as a setting. Pure.
import type { GitReference } from '../types.ts';

/** After git-check-ref-format(1). */
const REFERENCE = /^(?!-)(?!.*(\.\.|@\{|\/\/))[^\s\u0000-\u001f\u007f~^:?*[\\]+$/;
/** Whole: a remote is asked for a commit by its full hash. */
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const TOKEN = /^[!#-[\]-~]+$/;

/** What is wrong with a reference; undefined: nothing. */
export function referenceProblem({ branch, tag, name, commit }: GitReference): string | undefined {
  for (const [field, value] of Object.entries({ branch, tag, name })) {
    if (value && !REFERENCE.test(value))
      return `spec.ref.${field} ${JSON.stringify(value)} is not a name of a reference`;
  }
  if (commit && !COMMIT.test(commit)) return `spec.ref.commit ${JSON.stringify(commit)} is not a commit's hash`;
  return undefined;
}

/** A token stands within quotes in Git's configuration. */
export const isToken = (token: string): boolean => TOKEN.test(token);
