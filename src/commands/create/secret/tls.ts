// `create secret tls`. Upstream: kubectl/pkg/cmd/create/create_secret_tls.go.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { keyPairProblem } from '../../../api/key-pair.ts';
import { CliError } from '../../../cli/errors.ts';
import { flag } from '../../../cli/pflag.ts';
import { SecretGenerator, secretFlags } from './_secret.ts';

export default class CreateSecretTls extends SecretGenerator {
  static short = 'Create a TLS secret';
  static override summary = 'Create a TLS secret from the given public/private key pair';
  static description =
    'The public/private key pair must exist beforehand. The public key certificate must be .PEM encoded and match the given private key.';
  static examples = `# Create a new TLS secret named tls-secret with the given key pair
{program} create secret tls tls-secret --cert=path/to/tls.crt --key=path/to/tls.key`;
  static override usage = 'NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]';
  static override flags = {
    ...secretFlags,
    cert: flag.string('Path to PEM encoded public key certificate.'),
    key: flag.string('Path to private key associated with given certificate.'),
  };

  async run(): Promise<void> {
    const { flags } = this.parse(CreateSecretTls);
    const name = this.oneName();
    if (!flags.key || !flags.cert) throw new CliError('key and cert must be specified');
    const certificate = this.read(flags.cert);
    const key = this.read(flags.key);
    const problem = keyPairProblem(certificate, key);
    if (problem !== undefined) throw new CliError(problem);
    const content = new Map([
      ['tls.crt', certificate],
      ['tls.key', key],
    ]);
    await this.createSecret(name, 'kubernetes.io/tls', content, flags);
  }

  private read(path: string): Buffer {
    try {
      return readFileSync(resolve(this.io.cwd, path));
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const why = missing ? `open ${path}: no such file or directory` : (error as Error).message;
      throw new CliError(`Cannot read file ${path}, ${why}`);
    }
  }
}
