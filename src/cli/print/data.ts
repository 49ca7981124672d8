// What the commands that kubectl does not have print for programs: plain data by -o json or yaml.
import { CliError } from '../errors.ts';
import { flag } from '../pflag.ts';

export const dataOutputFlag = {
  output: flag.string('Output format. One of: (json, yaml). Without it the text is for people.', { short: 'o' }),
};

/** The data as text; undefined when no format was asked for. */
export async function formatData(output: string, data: unknown): Promise<string | undefined> {
  if (output === '') return undefined;
  if (output === 'json') return `${JSON.stringify(data, null, 4)}\n`;
  if (output === 'yaml') return (await import('../yaml.ts')).toYaml(data);
  throw new CliError(
    `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: json,yaml`,
  );
}

/** A wrong format is told before anything is done. */
export async function checkDataOutput(output: string): Promise<void> {
  if (output !== 'yaml') await formatData(output, null);
}
