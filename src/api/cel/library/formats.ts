// Named formats: `format.dns1123Label().validate(self.name)` answers what is wrong, if anything is.
// Upstream: apiserver pkg/cel/library/format.go.
import {
  dns1035LabelErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  qualifiedNameErrors,
} from '../../names.ts';
import { matchesFormat } from '../../schema/formats.ts';
import { CONSTANT, type Cost, type FunctionTable, REGEX_FACTOR, STRING_FACTOR, declare, scaled } from '../functions.ts';
import { Optional, type OpaqueValue, sizeOf } from '../values.ts';
import { parseUrl } from './url.ts';

type Validate = (text: string) => readonly string[];

class Format implements OpaqueValue {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  readonly validate: Validate;
  /** What stands for the length of the pattern in costs. */
  readonly patternSize: number;
  constructor(name: string, validate: Validate, patternSize: number) {
    [this.name, this.validate, this.patternSize] = [name, validate, patternSize];
  }
  equalTo(other: OpaqueValue): boolean {
    return other instanceof Format && other.name === this.name;
  }
}

const prefix =
  (validate: Validate): Validate =>
  (text) =>
    validate(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
const ofSchema =
  (format: string, message: string): Validate =>
  (text) =>
    matchesFormat(text, format) ? [] : [message];

const FORMATS: [name: string, validate: Validate, patternSize: number][] = [
  ['dns1123Label', dns1123LabelErrors, 30],
  ['dns1123Subdomain', dns1123SubdomainErrors, 60],
  ['dns1035Label', dns1035LabelErrors, 30],
  ['qualifiedName', qualifiedNameErrors, 60],
  ['dns1123LabelPrefix', prefix(dns1123LabelErrors), 30],
  ['dns1123SubdomainPrefix', prefix(dns1123SubdomainErrors), 60],
  ['dns1035LabelPrefix', prefix(dns1035LabelErrors), 30],
  ['labelValue', labelValueErrors, 40],
  ['uri', (text) => [parseUrl(text)].filter((found) => typeof found === 'string'), 1103],
  ['uuid', ofSchema('uuid', 'does not match the UUID format'), 70],
  ['byte', ofSchema('byte', 'invalid base64'), 84],
  ['date', ofSchema('date', 'invalid date'), 71],
  ['datetime', ofSchema('datetime', 'invalid datetime'), 71],
];

const LONGEST = 128;
const VALIDATING: Cost = {
  actual: ([format, text]) =>
    Math.ceil((1 + sizeOf(text)) * STRING_FACTOR) * Math.ceil((format as Format).patternSize * REGEX_FACTOR),
  estimate: ([, text]) => ({ cost: scaled(scaled(text!.size(), STRING_FACTOR), LONGEST * REGEX_FACTOR) }),
};

export function declareFormats(table: FunctionTable): void {
  const byName = new Map<string, Format>();
  for (const [name, validate, size] of FORMATS) {
    const format = new Format(name, validate, size);
    byName.set(name, format);
    declare(table, `format-${name}`, `format.${name}() kubernetes.NamedFormat`, () => format);
  }
  const named = (name: string): Optional => {
    const found = byName.get(name);
    return found ? Optional.of(found) : Optional.none;
  };
  declare(table, 'format-named', 'format.named(string) optional(kubernetes.NamedFormat)', named, CONSTANT);
  const validate = (format: Format, text: string): Optional => {
    const problems = format.validate(text);
    return problems.length === 0 ? Optional.none : Optional.of([...problems]);
  };
  const signature = '.validate(kubernetes.NamedFormat, string) optional(list(string))';
  declare(table, 'format-validate', signature, validate, VALIDATING);
}
