// `create namespace`. Upstream: kubectl/pkg/cmd/create/create_namespace.go.
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const Namespaces = type('', 'v1', 'namespaces', 'Namespace', false);

export default class CreateNamespace extends Generator {
  static override summary = 'Create a namespace with the specified name';
  static aliases = ['ns'];
  static examples = `# Create a new namespace named my-namespace
{program} create namespace my-namespace`;
  static override usage = 'NAME [--dry-run=server|client|none]';
  static override flags = generatorFlags;

  async run(): Promise<void> {
    const { flags } = this.parse(CreateNamespace);
    const metadata = this.metadata(this.oneName(), {}, false);
    await this.create(Namespaces, typed(Namespaces, { metadata, spec: {}, status: {} }), flags);
  }
}
