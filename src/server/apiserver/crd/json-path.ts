// The JSONPath of a custom resource's columns and selectable fields: fields, indexes, wildcards and equality filters,
// compiled to steps once. The command line's whole grammar (ranges, templates) is not needed here.
//
//   .status.conditions[?(@.type=="Ready")].status → field status, field conditions, filter type = Ready, field status

type Step = (values: unknown[]) => unknown[];

const FILTER = /^\?\(\s*@((?:\.[\w-]+|\['[^']*'\])+)\s*==\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*\)$/;

/** Answers every value that the path finds; a path that is not understood finds nothing. */
export function compileJsonPath(path: string): (object: unknown) => unknown[] {
  const steps = parse(path);
  if (!steps) return () => [];
  return (object) => steps.reduce<unknown[]>((values, step) => step(values), [object]);
}

function parse(path: string): Step[] | undefined {
  const steps: Step[] = [];
  let rest = path.startsWith('$') ? path.slice(1) : path;
  while (rest !== '') {
    const name = /^\.((?:\\.|[^.[\]\\])+)/.exec(rest);
    if (name) {
      steps.push(name[1] === '*' ? every : field(name[1]!.replaceAll(/\\(.)/g, '$1')));
      rest = rest.slice(name[0].length);
      continue;
    }
    if (rest.startsWith('.[')) rest = rest.slice(1);
    const inside = rest.startsWith('[') ? bracket(rest) : undefined;
    const step = inside === undefined ? undefined : subscript(inside);
    if (!step || inside === undefined) return undefined;
    steps.push(step);
    rest = rest.slice(inside.length + 2);
  }
  return steps;
}

/** What stands between a bracket and its partner. */
function bracket(text: string): string | undefined {
  let quote = '';
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '[') depth++;
    else if (c === ']' && --depth === 0) return text.slice(1, i);
  }
  return undefined;
}

function subscript(text: string): Step | undefined {
  if (text === '*') return every;
  if (/^-?\d+$/.test(text)) return index(Number(text));
  const quoted = /^'([^']*)'$|^"([^"]*)"$/.exec(text);
  if (quoted) return field(quoted[1] ?? quoted[2] ?? '');
  const filter = FILTER.exec(text);
  if (!filter) return undefined;
  const read = compileJsonPath(filter[1]!);
  const wanted = filter[2] ?? filter[3] ?? filter[4]!;
  return (values) => members(values).filter((member) => String(read(member)[0]) === wanted);
}

const field =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => {
      if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return [];
      return [(value as Record<string, unknown>)[name]];
    });

const index =
  (at: number): Step =>
  (values) =>
    values.flatMap((value) => (Array.isArray(value) && value.at(at) !== undefined ? [value.at(at) as unknown] : []));

const every: Step = (values) => members(values);

function members(values: unknown[]): unknown[] {
  return values.flatMap((value) =>
    value !== null && typeof value === 'object' ? (Object.values(value) as unknown[]) : [],
  );
}
