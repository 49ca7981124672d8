// What the four kinds of `create service` share. Upstream: kubectl/pkg/cmd/create/create_service.go.
import { portNameErrors, portNumberErrors } from '../../../api/names.ts';
import { CliError } from '../../../cli/errors.ts';
import { flag, type FlagValues } from '../../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from '../_generator.ts';

const Services = type('', 'v1', 'services', 'Service');

export const serviceFlags = {
  ...generatorFlags,
  tcp: flag.slice("Port pairs can be specified as '<port>:<targetPort>'."),
};

export interface ServiceWishes {
  type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  clusterIP?: string;
  externalName?: string;
  nodePort?: number;
}

export abstract class ServiceGenerator extends Generator {
  protected async createService(wishes: ServiceWishes, flags: FlagValues<typeof serviceFlags>): Promise<void> {
    const name = this.oneName();
    const { clusterIP = '', externalName, nodePort = 0 } = wishes;
    const needsPorts = clusterIP !== 'None' && wishes.type !== 'ExternalName';
    if (needsPorts && flags.tcp.length === 0) throw new CliError('at least one tcp port specifier must be provided');
    this.failure = `failed to create ${wishes.type} service: `;
    const labels = { app: name };
    const ports = flags.tcp.map((text) => {
      const { port, target } = parsePorts(text);
      return {
        name: text.replaceAll(':', '-'),
        protocol: 'TCP',
        port,
        targetPort: target,
        ...(nodePort !== 0 ? { nodePort } : {}),
      };
    });
    const spec = {
      ...(ports.length > 0 ? { ports } : {}),
      selector: labels,
      ...(clusterIP ? { clusterIP } : {}),
      type: wishes.type,
      ...(externalName ? { externalName } : {}),
    };
    const status = { loadBalancer: {} };
    await this.create(Services, typed(Services, { metadata: this.metadata(name, { labels }), spec, status }), flags);
  }
}

/** `80`, `80:8080`, `80:http`; what follows a second colon is not looked at, and 0 is the server's to refuse. */
export function parsePorts(text: string): { port: number; target: number | string } {
  const [portText = '', targetText] = text.split(':');
  const parse = `strconv.ParseUint: parsing ${JSON.stringify(portText)}`;
  if (!/^\d+$/.test(portText)) throw new CliError(`${parse}: invalid syntax`);
  const port = Number(portText);
  if (port > 65_535) throw new CliError(`${parse}: value out of range`);
  if (targetText === undefined) return { port, target: port };
  const target = /^[-+]?\d+$/.test(targetText) ? Number(targetText) : targetText;
  const problems = typeof target === 'number' ? portNumberErrors(target) : portNameErrors(target);
  if (problems.length > 0) throw new CliError(problems.join(','));
  return { port, target };
}
