// What one round of an edit came to: the reasons that the file shows when it is opened again, and how many objects
// could not be saved. Upstream: editHeader, editResults and hashOnLineBreak of util/editor/editoptions.go.
import { StatusError } from '../../api/status.ts';
import type { Info } from '../builder/builder.ts';

export type EditMode = 'normal' | 'create' | 'last-applied';

const LAST_APPLIED_HEADER = `# Please edit the 'last-applied-configuration' annotations below.
# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.
#
`;

const HEADER = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;

interface Reason {
  head: string;
  others: string[];
}

export class EditResults {
  readonly reasons: Reason[] = [];
  /** Objects that can be tried again with `replace`. */
  retryable = 0;
  /** Objects that went meanwhile. */
  notFound = 0;
  /** Objects that the server, or the client, called invalid. */
  invalid = 0;
  file = '';

  header(mode: EditMode): string {
    const reasons = this.reasons.map(({ head, others }) => {
      const lines = others.map((other) => `# * ${hashed(other)}\n`).join('');
      return `# ${hashed(head)}${others.length > 0 ? ':' : ''}\n${lines}#\n`;
    });
    return `${mode === 'last-applied' ? LAST_APPLIED_HEADER : HEADER}${reasons.join('')}`;
  }

  /** The file cannot be used as it is. Upstream wraps the reason in a status whose field has no path. */
  addInvalidFile(why: string, info: Info): string {
    const others = [`<nil>: Invalid value: "The edited file failed validation": ${why}`];
    return this.addInvalid(info, others);
  }

  addSyntaxError(why: string): void {
    this.reasons.push({ head: `The edited file had a syntax error: ${why}`, others: [] });
  }

  /** Counts what went wrong with an object and answers what to say about it. */
  addError(error: unknown, info: Info): string {
    const about = `error: ${resourceOf(info)} ${JSON.stringify(info.name)}`;
    if (error instanceof StatusError && error.reason === 'Invalid') {
      const causes = error.status.details?.causes ?? [];
      return this.addInvalid(
        info,
        causes.map((cause) => `${cause.field ?? ''}: ${cause.message ?? ''}`),
      );
    }
    if (error instanceof StatusError && error.reason === 'NotFound') {
      this.notFound++;
      return `${about} could not be found on the server`;
    }
    this.retryable++;
    return `${about} could not be patched: ${error instanceof Error ? error.message : String(error)}`;
  }

  private addInvalid(info: Info, others: string[]): string {
    const about = `${resourceOf(info)} ${JSON.stringify(info.name)}`;
    this.invalid++;
    this.reasons.push({ head: `${about} was not valid`, others });
    return `error: ${about} is invalid`;
  }
}

const resourceOf = ({ mapping }: Info): string =>
  mapping.group ? `${mapping.plural}.${mapping.group}` : mapping.plural;

/** Every line of a reason is a comment. */
const hashed = (text: string): string => text.replace(/\n(?=[^#])/gs, '\n# ');

/** Lines of comments, without the rest. */
export function withoutComments(text: string): string {
  const lines = text.split('\n');
  return lines.map((line, i) => (/^\s*#(?!!)/.test(line) ? '' : line + (i < lines.length - 1 ? '\n' : ''))).join('');
}
