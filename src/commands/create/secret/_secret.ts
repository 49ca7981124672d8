// What the three kinds of `create secret` share. Upstream: kubectl/pkg/cmd/create/create_secret*.go.
import type { FlagValues } from '../../../cli/pflag.ts';
import { flag } from '../../../cli/pflag.ts';
import { nameHash } from '../_data.ts';
import { Generator, generatorFlags, type, typed } from '../_generator.ts';

const Secrets = type('', 'v1', 'secrets', 'Secret');

export const secretFlags = {
  'append-hash': flag.bool('Append a hash of the secret to its name.'),
  ...generatorFlags,
};

export abstract class SecretGenerator extends Generator {
  protected override failure = 'failed to create secret ';

  protected async createSecret(
    given: string,
    secretType: string,
    content: ReadonlyMap<string, Buffer>,
    flags: FlagValues<typeof secretFlags>,
  ): Promise<void> {
    const entries = [...content].sort(([a], [b]) => (a < b ? -1 : 1));
    const data = Object.fromEntries(entries.map(([key, value]) => [key, value.toString('base64')]));
    const name = flags['append-hash']
      ? `${given}-${nameHash({ data: entries.length > 0 ? data : '', kind: 'Secret', name: given, type: secretType })}`
      : given;
    const object = typed(Secrets, {
      metadata: this.metadata(name),
      ...(entries.length > 0 ? { data } : {}),
      ...(secretType ? { type: secretType } : {}),
    });
    await this.create(Secrets, object, flags);
  }
}
