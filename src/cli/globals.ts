// The flags that every command has. Upstream: cli-runtime/pkg/genericclioptions/config_flags.go AddFlags and klog.
import { flag } from './pflag.ts';

export const globalFlags = {
  as: flag.string(
    'Username to impersonate for the operation. User could be a regular user or a service account in a namespace.',
  ),
  'as-group': flag.array(
    'Group to impersonate for the operation, this flag can be repeated to specify multiple groups.',
  ),
  'as-uid': flag.string('UID to impersonate for the operation.'),
  'cache-dir': flag.string('Default cache directory'),
  'certificate-authority': flag.string('Path to a cert file for the certificate authority'),
  'client-certificate': flag.string('Path to a client certificate file for TLS'),
  'client-key': flag.string('Path to a client key file for TLS'),
  cluster: flag.string('The name of the kubeconfig cluster to use'),
  context: flag.string('The name of the kubeconfig context to use'),
  'disable-compression': flag.bool('If true, opt-out of response compression for all requests to the server'),
  'insecure-skip-tls-verify': flag.bool(
    "If true, the server's certificate will not be checked for validity. This will make your HTTPS connections insecure",
  ),
  kubeconfig: flag.string('Path to the kubeconfig file to use for CLI requests.'),
  kuberc: flag.string(
    'Path to the kuberc file to use for preferences. This can be disabled by exporting KUBECTL_KUBERC=false feature gate or turning off the feature KUBERC=off.',
  ),
  'log-flush-frequency': flag.duration('Maximum number of seconds between log flushes', { default: 5000 }),
  'match-server-version': flag.bool('Require server version to match client version'),
  'no-color': flag.bool('Print without colour, also on a terminal. The variable NO_COLOR says the same.', {
    own: true,
  }),
  namespace: flag.string('If present, the namespace scope for this CLI request', { short: 'n' }),
  password: flag.string('Password for basic authentication to the API server'),
  profile: flag.string('Name of profile to capture. One of (none|cpu|heap|goroutine|threadcreate|block|mutex)', {
    default: 'none',
  }),
  'profile-output': flag.string('Name of the file to write the profile to', { default: 'profile.pprof' }),
  'request-timeout': flag.string(
    "The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout requests.",
    { default: '0' },
  ),
  server: flag.string('The address and port of the Kubernetes API server', { short: 's' }),
  'tls-server-name': flag.string(
    'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used',
  ),
  token: flag.string('Bearer token for authentication to the API server'),
  user: flag.string('The name of the kubeconfig user to use'),
  username: flag.string('Username for basic authentication to the API server'),
  v: flag.int('number for the log level verbosity', { short: 'v' }),
  vmodule: flag.string(
    'comma-separated list of pattern=N settings for file-filtered logging (only works for the default text log format)',
  ),
  'warnings-as-errors': flag.bool(
    'Treat warnings received from the server as errors and exit with a non-zero exit code',
  ),
};

export type GlobalFlags = { [K in keyof typeof globalFlags]: (typeof globalFlags)[K]['default'] };
