// Labels and selectors that flags give as text: `a=b,c=d` of expose and run, and the selector of a budget.
// Upstream: kubectl/pkg/generate ParseLabels, apimachinery metav1.ParseToLabelSelector.
import { type LabelSelector, type Operator, parseSelector } from '../api/selector.ts';
import { CliError } from './errors.ts';

export function parseLabelSpec(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [key = '', value, more] = pair.split('=');
      if (value === undefined || more !== undefined) throw new CliError(`unexpected label spec: ${pair}`);
      if (key === '') throw new CliError('unexpected empty label key');
      return [key, value];
    }),
  );
}

/** Operators as a LabelSelector names them, beside those that are its matchLabels. */
const EXPRESSIONS: Partial<Record<Operator, string>> = {
  in: 'In',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
};

export function labelSelectorOf(text: string): LabelSelector {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: NonNullable<LabelSelector['matchExpressions']> = [];
  for (const { key, operator, values } of parsed(text)) {
    const name = EXPRESSIONS[operator];
    if (operator === '=' || operator === '==') matchLabels[key] = values[0] ?? '';
    else if (name !== undefined)
      matchExpressions.push({ key, operator: name, ...(values.length > 0 ? { values: [...values] } : {}) });
    else if (operator === '!=') throw new CliError(`"!=" is not a valid label selector operator`);
    else throw new CliError(`${JSON.stringify(operator)} isn't supported in label selectors`);
  }
  return {
    ...(Object.keys(matchLabels).length > 0 ? { matchLabels } : {}),
    ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
  };
}

function parsed(text: string) {
  try {
    return parseSelector(text).requirements;
  } catch (error) {
    throw new CliError(`couldn't parse the selector string ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}
