// Commands as the root help lists them, groups of commands that are no command themselves, and other names of
// commands. Facts only, so that finding a command loads nothing.
import type { CommandGroup, Topic } from './help.ts';

export const rootGroups: readonly CommandGroup[] = [
  {
    title: 'Basic Commands (Beginner)',
    commands: [
      ['create', 'Create a resource from a file or from stdin'],
      ['expose', 'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service'],
      ['run', 'Run a particular image on the cluster'],
      ['set', 'Set specific features on objects'],
    ],
  },
  {
    title: 'Basic Commands (Intermediate)',
    commands: [
      ['explain', 'Get documentation for a resource'],
      ['get', 'Display one or many resources'],
      ['edit', 'Edit a resource on the server'],
      ['delete', 'Delete resources by file names, stdin, resources and names, or by resources and label selector'],
    ],
  },
  {
    title: 'Deploy Commands',
    commands: [
      ['rollout', 'Manage the rollout of a resource'],
      ['scale', 'Set a new size for a deployment, replica set, or replication controller'],
      ['autoscale', 'Auto-scale a deployment, replica set, stateful set, or replication controller'],
    ],
  },
  {
    title: 'Cluster Management Commands',
    commands: [
      ['certificate', 'Modify certificate resources'],
      ['cluster-info', 'Display cluster information'],
      ['top', 'Display resource (CPU/memory) usage'],
      ['cordon', 'Mark node as unschedulable'],
      ['uncordon', 'Mark node as schedulable'],
      ['drain', 'Drain node in preparation for maintenance'],
      ['taint', 'Update the taints on one or more nodes'],
    ],
  },
  {
    title: 'Troubleshooting and Debugging Commands',
    commands: [
      ['describe', 'Show details of a specific resource or group of resources'],
      ['logs', 'Print the logs for a container in a pod'],
      ['attach', 'Attach to a running container'],
      ['exec', 'Execute a command in a container'],
      ['port-forward', 'Forward one or more local ports to a pod'],
      ['proxy', 'Run a proxy to the Kubernetes API server'],
      ['cp', 'Copy files and directories to and from containers'],
      ['auth', 'Inspect authorization'],
      ['debug', 'Create debugging sessions for troubleshooting workloads and nodes'],
      ['events', 'List events'],
    ],
  },
  {
    title: 'Advanced Commands',
    commands: [
      ['diff', 'Diff the live version against a would-be applied version'],
      ['apply', 'Apply a configuration to a resource by file name or stdin'],
      ['patch', 'Update fields of a resource'],
      ['replace', 'Replace a resource by file name or stdin'],
      ['wait', 'Experimental: Wait for a specific condition on one or many resources'],
      ['convert', 'Convert config files between different API versions'],
      ['kustomize', 'Build a kustomization target from a directory or URL'],
    ],
  },
  {
    title: 'Settings Commands',
    commands: [
      ['label', 'Update the labels on a resource'],
      ['annotate', 'Update the annotations on a resource'],
      ['completion', 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)'],
    ],
  },
  {
    title: 'Sampan Commands',
    own: true,
    commands: [
      ['why', 'Tell what is wrong with a pod, workload, service or other object'],
      ['tree', 'Show what owns an object and what depends on it'],
      ['undo', 'Take back the last apply to this server'],
      ['neat', 'Print objects without what only the server writes'],
      ['ns', 'Show the namespaces, or work in another one from now on'],
      ['ctx', 'Show the contexts, or use another one from now on'],
    ],
  },
  {
    title: 'Cluster Commands',
    own: true,
    commands: [
      ['up', 'Start a cluster on this machine'],
      ['down', 'Stop the cluster on this machine and remove what it started'],
      ['server', 'Run the control plane'],
      ['node', 'Run a node'],
      ['gitops', 'Keep the cluster equal to Git repositories'],
    ],
  },
  {
    title: 'Other Commands',
    commands: [
      ['api-resources', 'Print the supported API resources on the server'],
      ['api-versions', 'Print the supported API versions on the server, in the form of "group/version"'],
      ['config', 'Modify kubeconfig files'],
      ['plugin', 'Provides utilities for interacting with plugins'],
      ['version', 'Print the client and server version information'],
    ],
  },
];

export const topics: Record<string, Topic> = {
  auth: { summary: 'Inspect authorization', usage: '[flags]' },
  certificate: { summary: 'Modify certificate resources', helpIsAnswer: true },
  config: {
    summary: 'Modify kubeconfig files using subcommands like "{program} config set current-context my-context"',
    description: `The loading order follows these rules:

 1.  If the --kubeconfig flag is set, then only that file is loaded. The flag may only be set once and no merging takes place.
 2.  If $KUBECONFIG environment variable is set, then it is used as a list of paths (normal path delimiting rules for your system). These paths are merged. When a value is modified, it is modified in the file that defines the stanza. When a value is created, it is created in the first file that exists. If no files in the chain exist, then it creates the last file in the list.
 3.  Otherwise, \${HOME}/.kube/config is used and no merging takes place.`,
  },
  'create/secret': {
    summary: 'Create a secret with specified type',
    short: 'Create a secret using a specified subcommand',
    description: `A docker-registry type secret is for accessing a container registry.

A generic type secret indicate an Opaque secret type.

A tls type secret holds TLS certificate and its associated key.`,
    usage: '(docker-registry | generic | tls)',
  },
  'create/service': { summary: 'Create a service using a specified subcommand', usage: '[flags]', aliases: ['svc'] },
  gitops: { summary: 'Keep the cluster equal to Git repositories' },
  plugin: {
    summary: 'Provides utilities for interacting with plugins',
    description: `Plugins provide extended functionality that is not part of the major command-line distribution. Please refer to the documentation and examples for more information about how write your own plugins.

The easiest way to discover and install plugins is via the kubernetes sub-project krew: [krew.sigs.k8s.io]. To install krew, visit https://krew.sigs.k8s.io/docs/user-guide/setup/install`,
    examples: `# List all available plugins
{program} plugin list

# List only binary names of available plugins without paths
{program} plugin list --name-only`,
    usage: '[flags]',
  },
  rollout: {
    helpToStdout: true,
    summary: 'Manage the rollout of one or many resources',
    description: 'Valid resource types include:\n\n *  deployments\n *  daemonsets\n *  statefulsets',
    examples: `# Rollback to the previous deployment
{program} rollout undo deployment/abc

# Check the rollout status of a daemonset
{program} rollout status daemonset/foo

# Restart a deployment
{program} rollout restart deployment/abc

# Restart deployments with the 'app=nginx' label
{program} rollout restart deployment --selector=app=nginx`,
  },
  set: {
    summary: 'Configure application resources',
    description: 'These commands help you make changes to existing application resources.',
  },
  top: {
    summary: 'Display resource (CPU/memory) usage',
    description:
      'The top command allows you to see the resource consumption for nodes or pods.\n\nThis command requires Metrics Server to be correctly configured and working on the server.',
    usage: '[flags]',
  },
};

/** Other names: the last segment of a path, by its parent. */
export const aliases: Record<string, string> = {
  'config/use': 'config/use-context',
  'create/cj': 'create/cronjob',
  'create/cm': 'create/configmap',
  'create/deploy': 'create/deployment',
  'create/dep': 'create/deployment',
  'create/ing': 'create/ingress',
  'create/ns': 'create/namespace',
  'create/pc': 'create/priorityclass',
  'create/pdb': 'create/poddisruptionbudget',
  'create/resourcequota': 'create/quota',
  'create/sa': 'create/serviceaccount',
  'create/svc': 'create/service',
  'set/sa': 'set/serviceaccount',
  'top/no': 'top/node',
  'top/nodes': 'top/node',
  'top/po': 'top/pod',
  'top/pods': 'top/pod',
};

/** Names at the root that kubectl does not have. */
export const ownCommandNames: readonly string[] = rootGroups
  .filter((g) => g.own)
  .flatMap((g) => g.commands.map(([name]) => name));

/** Names at the root, in the order of the help. */
export const rootCommandNames: readonly string[] = rootGroups.flatMap((g) => g.commands.map(([name]) => name));
