// All functions that expressions of custom resources have: upstream's base environment at 1.34.
// Upstream: apiserver pkg/cel/environment/base.go.
import type { FunctionTable } from '../functions.ts';
import { declareAddresses } from './addresses.ts';
import { declareConversions } from './conversions.ts';
import { declareFormats } from './formats.ts';
import { declareLists } from './lists.ts';
import { declareOptionals } from './optionals.ts';
import { declareAmounts } from './quantity.ts';
import { declareStandard } from './standard.ts';
import { declareStrings } from './strings.ts';
import { declareTimes } from './times.ts';
import { declareUrls } from './url.ts';

let table: FunctionTable | undefined;

export function functions(): FunctionTable {
  if (table) return table;
  table = new Map();
  declareStandard(table);
  declareConversions(table);
  declareTimes(table);
  declareOptionals(table);
  declareStrings(table);
  declareLists(table);
  declareUrls(table);
  declareAmounts(table);
  declareAddresses(table);
  declareFormats(table);
  return table;
}
