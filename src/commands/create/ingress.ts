// `create ingress`. Upstream: kubectl/pkg/cmd/create/create_ingress.go.
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const Ingresses = type('networking.k8s.io', 'v1', 'ingresses', 'Ingress');
const RULE = /^(?<host>[\w*\-.]*)(?<path>\/.*)=(?<svc>[\w-]+):(?<port>[\w-]+)(?<tls>,tls(=[\w-]+)?)?$/;

interface Backend {
  service: { name: string; port: { number: number } | { name: string } };
}

export default class CreateIngress extends Generator {
  static override summary = 'Create an ingress with the specified name';
  static aliases = ['ing'];
  static examples = `# Create a single ingress called 'simple' that directs requests to foo.com/bar to svc
# svc1:8080 with a TLS secret "my-cert"
{program} create ingress simple --rule="foo.com/bar=svc1:8080,tls=my-cert"

# Create a catch all ingress of "/path" pointing to service svc:port and Ingress Class as "otheringress"
{program} create ingress catch-all --class=otheringress --rule="/path=svc:port"

# An ingress with two annotations
{program} create ingress annotated --class=default --rule="foo.com/bar=svc:port" --annotation ingress.annotation1=foo --annotation ingress.annotation2=bla

# Two paths of one host
{program} create ingress multipath --class=default --rule="foo.com/=svc:port" --rule="foo.com/admin/=svcadmin:portadmin"

# Two hosts; a path that ends in * is of the type Prefix
{program} create ingress ingress1 --class=default --rule="foo.com/path*=svc:8080" --rule="bar.com/admin*=svc2:http"

# TLS with the certificate of the ingress controller, and paths of both types
{program} create ingress ingtls --class=default --rule="foo.com/=svc:https,tls" --rule="foo.com/path/subpath*=othersvc:8080"

# TLS with the certificate of a secret
{program} create ingress ingsecret --class=default --rule="foo.com/*=svc:8080,tls=secret1"

# A backend for all that no rule names
{program} create ingress ingdefault --class=default --default-backend=defaultsvc:http --rule="foo.com/*=svc:8080,tls=secret1"`;
  static override usage = 'NAME --rule=host/path=service:port[,tls[=secret]] ';
  static override flags = {
    ...generatorFlags,
    annotation: flag.array('Annotation to insert in the ingress object, in the format annotation=value'),
    class: flag.string('Ingress Class to be used'),
    'default-backend': flag.string('Default service for backend, in format of svcname:port'),
    rule: flag.array(
      "Rule in format host/path=service:port[,tls=secretname]. Paths containing the leading character '*' are considered pathType=Prefix. tls argument is optional.",
    ),
  };
  protected override failure = 'failed to create ingress: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateIngress);
    const name = this.oneName();
    const fallback = flags['default-backend'];
    if (!fallback && flags.rule.length === 0) {
      throw new CliError(
        'not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)',
      );
    }
    for (const rule of flags.rule) {
      if (!RULE.test(rule)) {
        throw new CliError(`rule ${rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
      }
    }
    const annotations = Object.fromEntries(flags.annotation.map(annotationOf));
    if (fallback && fallback.split(':').length !== 2) {
      throw new CliError('default-backend should be in format servicename:serviceport');
    }
    const tls = tlsOf(flags.rule);
    const rules = rulesOf(flags.rule);
    const spec = {
      ...(flags.class ? { ingressClassName: flags.class } : {}),
      ...(fallback ? { defaultBackend: backendOf(fallback) } : {}),
      ...(tls.length > 0 ? { tls } : {}),
      ...(rules.length > 0 ? { rules } : {}),
    };
    const metadata = this.metadata(name, flags.annotation.length > 0 ? { annotations } : {});
    await this.create(Ingresses, typed(Ingresses, { metadata, spec, status: { loadBalancer: {} } }), flags);
  }
}

function annotationOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 0) throw new CliError(`annotation ${text} is invalid and should be in format key=[value]`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function backendOf(text: string): Backend {
  const [name = '', port = ''] = text.split(':');
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}

function rulesOf(texts: readonly string[]): unknown[] {
  const byHost = new Map<string, unknown[]>();
  for (const text of texts) {
    const { host = '', path = '', svc = '', port = '' } = RULE.exec(text)!.groups!;
    const prefix = path.endsWith('*');
    const entry = {
      path: prefix ? path.slice(0, -1) : path,
      pathType: prefix ? 'Prefix' : 'Exact',
      backend: backendOf(`${svc}:${port}`),
    };
    byHost.set(host, [...(byHost.get(host) ?? []), entry]);
  }
  return [...byHost].map(([host, paths]) => ({ ...(host ? { host } : {}), http: { paths } }));
}

function tlsOf(texts: readonly string[]): { hosts?: string[]; secretName?: string }[] {
  const found: { hosts?: string[]; secretName?: string }[] = [];
  const seen = new Set<string>();
  for (const text of texts) {
    const { host = '', tls } = RULE.exec(text)!.groups!;
    if (tls === undefined || seen.has(host)) continue;
    seen.add(host);
    const secretName = tls.includes('=') ? tls.slice(tls.indexOf('=') + 1) : '';
    const same = found.find((t) => (t.secretName ?? '') === secretName);
    if (same) same.hosts = [...(same.hosts ?? []), host];
    else if (host || secretName)
      found.push({ ...(host ? { hosts: [host] } : {}), ...(secretName ? { secretName } : {}) });
  }
  return found;
}
