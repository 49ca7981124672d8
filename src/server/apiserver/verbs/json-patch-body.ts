// What is wrong with a JSON patch before it is applied: types are refused, fields that no operation has and keys that stand
// twice are strict problems. Upstream: handlers/patch.go, jsonPatchOp and applyJSPatch; Go's words of encoding/json.
import { badRequest } from '../../../api/status.ts';

const FIELDS = ['op', 'path', 'from'];

/** The strict problems; `duplicates` are those that reading found. */
export function jsonPatchProblems(patch: unknown, duplicates: readonly string[]): string[] {
  if (patch === null) return [];
  if (!Array.isArray(patch)) throw mismatch(patch, 'value', '[]handlers.jsonPatchOp');
  const problems: { at: number; text: string }[] = [];
  for (const text of duplicates) problems.push({ at: Number(/\[(\d+)\]/.exec(text)?.[1] ?? 0), text });
  patch.forEach((operation: unknown, at) => {
    if (operation === null) return;
    if (typeof operation !== 'object' || Array.isArray(operation)) {
      throw mismatch(operation, 'value', 'handlers.jsonPatchOp');
    }
    for (const [key, value] of Object.entries(operation)) {
      if (FIELDS.includes(key)) {
        if (value !== null && typeof value !== 'string')
          throw mismatch(value, `struct field jsonPatchOp.${key}`, 'string');
      } else if (key !== 'value') {
        problems.push({ at, text: `unknown field ${JSON.stringify(`[${at}].${key}`)}` });
      }
    }
  });
  return problems.sort((a, b) => a.at - b.at).map(({ text }) => `json patch ${text}`);
}

function mismatch(value: unknown, what: string, type: string): Error {
  const name = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : nameOf(value);
  return badRequest(`error decoding patch: json: cannot unmarshal ${name} into Go ${what} of type ${type}`);
}

const nameOf = (value: unknown): string => (typeof value === 'bigint' ? 'number' : typeof value);
