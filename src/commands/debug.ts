// `debug`: an ephemeral container in a pod, a changed copy of a pod, or a pod on a node. Upstream:
// kubectl/pkg/cmd/debug/debug.go; profiles are cli/debug-profiles.ts.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { randomInt } from 'node:crypto';
import type { Container, EphemeralContainer, Pod } from 'kubernetes-types/core/v1.js';
import { isNotFound } from '../api/status.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';
import { deleteBody } from '../client/rest.ts';
import { changeOf } from '../cli/apply/change.ts';
import { attachOrRead, logsOf } from '../cli/attach.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { debugProfile, type DebugStyle, type PodDraft } from '../cli/debug-profiles.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { applyCustom, type CustomContainer, customContainer, isTooMuch } from '../cli/debug-custom.ts';
import { isImageReference } from '../cli/image-reference.ts';
import { patchObject } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { waitFor } from '../cli/wait/conditions.ts';

const onlyCopies = "(This flag only works when used with '--copy-to')";
const flags = {
  'arguments-only': flag.bool(
    'If specified, everything after -- will be passed to the new container as Args instead of Command.',
  ),
  attach: flag.bool(
    "If true, wait for the container to start running, and then attach as if 'kubectl attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true.",
  ),
  container: flag.string('Container name to use for debug container.', { short: 'c' }),
  'copy-to': flag.string('Create a copy of the target Pod with this name.'),
  custom: flag.string(
    'Path to a JSON or YAML file containing a partial container spec to customize built-in debug profiles.',
  ),
  env: flag.map('Environment variables to set in the container.'),
  filename: flag.slice('identifying the resource to debug', { short: 'f' }),
  image: flag.string('Container image to use for debug container.'),
  'image-pull-policy': flag.string(
    'The image pull policy for the container. If left empty, this value will not be specified by the client and defaulted by the server.',
  ),
  'keep-annotations': flag.bool(`If true, keep the original pod annotations.${onlyCopies}`),
  'keep-init-containers': flag.bool(`Run the init containers for the pod. Defaults to true.${onlyCopies}`, {
    default: true,
  }),
  'keep-labels': flag.bool(`If true, keep the original pod labels.${onlyCopies}`),
  'keep-liveness': flag.bool(`If true, keep the original pod liveness probes.${onlyCopies}`),
  'keep-readiness': flag.bool(`If true, keep the original pod readiness probes.${onlyCopies}`),
  'keep-startup': flag.bool(`If true, keep the original startup probes.${onlyCopies}`),
  profile: flag.string('Options are "legacy", "general", "baseline", "netadmin", "restricted" or "sysadmin".', {
    default: 'legacy',
  }),
  quiet: flag.bool('If true, suppress informational messages.', { short: 'q' }),
  replace: flag.bool("When used with '--copy-to', delete the original Pod."),
  'same-node': flag.bool("When used with '--copy-to', schedule the copy of target Pod on the same node."),
  'set-image': flag.map(
    "When used with '--copy-to', a list of name=image pairs for changing container images, similar to how 'kubectl set image' works.",
  ),
  'share-processes': flag.bool("When used with '--copy-to', enable process namespace sharing in the copy.", {
    default: true,
  }),
  stdin: flag.bool('Keep stdin open on the container(s) in the pod, even if nothing is attached.', { short: 'i' }),
  target: flag.string('When using an ephemeral container, target processes in this container name.'),
  tty: flag.bool('Allocate a TTY for the debugging container.', { short: 't' }),
};

const Pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const suffix = (): string => Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('');

type Made = { pod: Pod; container: string };

export default class Debug extends Command {
  static override summary = 'Debug cluster resources using interactive debugging containers';
  static short = 'Create debugging sessions for troubleshooting workloads and nodes';
  static description = `'debug' provides automation for common debugging tasks for cluster objects identified by resource and name. Pods will be used by default if no resource is specified.

The action taken by 'debug' varies depending on what resource is specified. Supported actions include:

  *  Workload: Create a copy of an existing pod with certain attributes changed, for example changing the image tag to a new version.
  *  Workload: Add an ephemeral container to an already running pod, for example to add debugging utilities without restarting the pod.
  *  Node: Create a new pod that runs in the node's host namespaces and can access the node's filesystem.`;
  static examples = `# Create an interactive debugging session in pod mypod and immediately attach to it.
{program} debug mypod -it --image=busybox

# Create a debug container named debugger using a custom automated debugging image.
{program} debug --image=myproj/debug-tools -c debugger mypod

# Create a copy of mypod adding a debug container and attach to it
{program} debug mypod -it --image=busybox --copy-to=my-debugger

# Create a copy of mypod changing the command of mycontainer
{program} debug mypod -it --copy-to=my-debugger --container=mycontainer -- sh

# Create a copy of mypod changing all container images to busybox
{program} debug mypod --copy-to=my-debugger --set-image=*=busybox

# Create an interactive debugging session on a node and immediately attach to it.
# The container will run in the host namespaces and the host's filesystem will be mounted at /host
{program} debug node/mynode -it --image=busybox

# A debugging session for the pod that a file names
{program} debug -f pod.yaml -it --image=busybox

# A copy of mypod with a debug container and other images
{program} debug mypod -it --copy-to=my-debugger --image=debian --set-image=app=app:debug,sidecar=sidecar:debug`;
  static override usage = '(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private command: string[] = [];
  private images = new Map<string, string>();
  private custom?: CustomContainer;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Debug);
    this.opts = opts;
    const { dashAt } = this.context.parsed;
    const names = dashAt < 0 ? args : args.slice(0, dashAt);
    this.command = dashAt < 0 ? [] : args.slice(dashAt);
    this.images = new Map(Object.entries(opts['set-image']));
    debugProfile(opts.profile);
    await this.readCustom();
    this.validate(names);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: names,
      defaultType: 'pods',
      files: { filename: opts.filename },
      fetch: 'latest',
    }).build();
    for (const info of built.infos) {
      const made = await this.debug(info);
      const attach = this.changed('attach') ? opts.attach : opts.stdin;
      if (attach && made.container !== '') await this.attach(made);
    }
    throwCollected(built.errors);
  }

  private async readCustom(): Promise<void> {
    const file = this.opts.custom;
    if (file === '') return;
    let text: string;
    try {
      text = readFileSync(resolve(this.io.cwd, file), 'utf8');
    } catch {
      throw new CliError(
        `must pass a container spec json file for custom profile: open ${file}: no such file or directory`,
      );
    }
    const { parseYaml } = await import('../cli/yaml.ts');
    this.custom = customContainer(parseYaml(text) ?? {});
  }

  private validate(names: readonly string[]): void {
    const { opts, custom } = this;
    const copy = opts['copy-to'] !== '';
    const rules: [boolean, string][] = [
      [
        opts.attach && this.changed('attach') && !opts.image && !opts.container,
        'you must specify --container or create a new container using --image in order to attach.',
      ],
      [
        copy && !opts.image && this.images.size === 0 && this.command.length === 0,
        'you must specify --image, --set-image or command arguments.',
      ],
      [
        copy && this.command.length > 0 && !opts.container && !opts.image,
        'you must specify an existing container or a new image when specifying args.',
      ],
      [!copy && opts.replace, '--replace may only be used with --copy-to.'],
      [!copy && opts['same-node'], '--same-node may only be used with --copy-to.'],
      [!copy && this.images.size > 0, '--set-image may only be used with --copy-to.'],
      [!copy && !opts.image, 'you must specify --image when not using --copy-to.'],
      [
        opts.image !== '' && !isImageReference(opts.image),
        `invalid image name ${JSON.stringify(opts.image)}: invalid reference format`,
      ],
      [names.length === 0 && opts.filename.length === 0, 'NAME or filename is required for debug'],
      [
        !['', 'Always', 'IfNotPresent', 'Never'].includes(opts['image-pull-policy']),
        `invalid image pull policy: ${opts['image-pull-policy']}`,
      ],
      [opts.target !== '' && copy, '--target is incompatible with --copy-to. Use --share-processes instead.'],
    ];
    const check = (list: [boolean, string][]): void => {
      const broken = list.find(([isBroken]) => isBroken);
      if (broken) throw new CliError(broken[1]);
    };
    check(rules);
    if (opts.target && !opts.quiet) {
      this.out(
        `Targeting container ${JSON.stringify(opts.target)}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.\n`,
      );
    }
    check([
      [opts.tty && !opts.stdin, '-i/--stdin is required for containers with -t/--tty=true'],
      [
        custom !== undefined && isTooMuch(custom),
        'name, command, image, lifecycle and volume devices are not modifiable via custom profile',
      ],
    ]);
    if (opts.profile === 'legacy') {
      this.err(
        '--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example "--profile=general".\n',
      );
    }
  }

  private debug(info: Info): Promise<Made> {
    const { kind, group, version } = info.mapping;
    if (kind === 'Node') return this.onNode(info.name);
    if (kind === 'Pod') return this.opts['copy-to'] ? this.byCopy(info) : this.ephemeral(info);
    const gvk = `${group ? `${group}/` : '/'}${version}, Kind=${kind}`;
    throw new CliError(`${JSON.stringify(gvk)} not supported by debug`);
  }

  private get debugContainer(): Container {
    const { opts, command } = this;
    return {
      name: '',
      image: opts.image,
      ...(command.length > 0 ? { [opts['arguments-only'] ? 'args' : 'command']: command } : {}),
      ...this.env,
      ...(opts['image-pull-policy'] ? { imagePullPolicy: opts['image-pull-policy'] as 'Always' } : {}),
      terminationMessagePolicy: 'File',
      ...(opts.stdin ? { stdin: true } : {}),
      ...(opts.tty ? { tty: true } : {}),
    };
  }

  private get env(): { env?: { name: string; value: string }[] } {
    const env = Object.entries(this.opts.env).map(([name, value]) => ({ name, value }));
    return env.length > 0 ? { env } : {};
  }

  private applyProfile(draft: PodDraft, container: Container, style: DebugStyle): void {
    const { opts } = this;
    debugProfile(opts.profile)(draft, container, style, {
      labels: opts['keep-labels'],
      annotations: opts['keep-annotations'],
      liveness: opts['keep-liveness'],
      readiness: opts['keep-readiness'],
      startup: opts['keep-startup'],
      initContainers: opts['keep-init-containers'],
    });
    if (this.custom) applyCustom(container, this.custom);
  }

  private newName(pod: PodDraft): string {
    if (this.opts.container) return this.opts.container;
    const taken = new Set(namesIn(pod));
    let name: string;
    do name = `debugger-${suffix()}`;
    while (taken.has(name));
    if (!this.opts.quiet) this.out(`Defaulting debug container name to ${name}.\n`);
    return name;
  }

  private async ephemeral(info: Info): Promise<Made> {
    const { opts } = this;
    const name = this.newName(info.object as unknown as PodDraft);
    const change = changeOf(info, (draft) => {
      const pod = draft as unknown as PodDraft;
      const container = { ...this.debugContainer, name };
      const more = opts.target ? { ...container, targetContainerName: opts.target } : container;
      pod.spec.ephemeralContainers = [...(pod.spec.ephemeralContainers ?? []), more as EphemeralContainer];
      this.applyProfile(pod, more, 'ephemeral');
    });
    const write = { subresource: 'ephemeralcontainers' };
    try {
      const pod = await patchObject(await this.cluster(), info, 'strategic', change.patch, write);
      return { pod: pod as unknown as Pod, container: name };
    } catch (error) {
      // A server that has no such subresource names no pod.
      if (!isNotFound(error) || error.status.details?.name) throw error;
      const said = JSON.stringify(error.message);
      throw new CliError(`ephemeral containers are disabled for this cluster (error from server: ${said})`);
    }
  }

  private async byCopy(info: Info): Promise<Made> {
    const { opts } = this;
    const original = structuredClone(info.object!) as unknown as PodDraft;
    const { namespace, labels, annotations } = original.metadata;
    const draft: PodDraft = {
      metadata: { name: opts['copy-to'], namespace, labels, annotations },
      spec: original.spec,
    };
    delete draft.spec.ephemeralContainers;
    if (this.changed('share-processes')) draft.spec.shareProcessNamespace = opts['share-processes'];
    if (!opts['same-node']) delete draft.spec.nodeName;
    for (const c of draft.spec.containers) c.image = this.images.get(c.name) ?? this.images.get('*') ?? c.image;
    const container = this.copiedContainer(draft);
    if (container) this.applyProfile(draft, container, 'copy');
    const pod = await this.create(draft, namespace);
    if (opts.replace) {
      await (
        await this.cluster()
      ).json('DELETE', resourcePath(Pods, info), {
        body: deleteBody({ gracePeriodSeconds: 0 }),
      });
    }
    return { pod, container: container?.name ?? '' };
  }

  /** The container of the copy that is changed or added; undefined when only images change. */
  private copiedContainer(draft: PodDraft): Container | undefined {
    const { opts, command } = this;
    let container = draft.spec.containers.find((c) => c.name === opts.container);
    if (!container) {
      if (!opts.image) {
        if (this.images.size > 0) return undefined;
        throw new CliError('you must specify image when creating new container');
      }
      container = { name: this.newName(draft), terminationMessagePolicy: 'File' };
      draft.spec.containers.push(container);
    }
    if (command.length > 0) {
      if (opts['arguments-only']) container.args = command;
      else {
        container.command = command;
        delete container.args;
      }
    }
    Object.assign(container, this.env);
    if (opts.image) container.image = opts.image;
    if (opts['image-pull-policy']) container.imagePullPolicy = opts['image-pull-policy'] as 'Always';
    for (const name of ['stdin', 'tty'] as const) {
      if (opts[name]) container[name] = true;
      else delete container[name];
    }
    return container;
  }

  private async onNode(node: string): Promise<Made> {
    const { opts } = this;
    const container = { ...this.debugContainer, name: opts.container || 'debugger' };
    const name = `node-debugger-${node}-${suffix()}`;
    if (!opts.quiet) this.out(`Creating debugging pod ${name} with container ${container.name} on node ${node}.\n`);
    const draft: PodDraft = {
      metadata: { name },
      spec: {
        containers: [container],
        nodeName: node,
        restartPolicy: 'Never',
        tolerations: [{ operator: 'Exists' }],
      },
    };
    this.applyProfile(draft, container, 'node');
    return { pod: await this.create(draft, undefined), container: container.name };
  }

  private async create(draft: PodDraft, namespace: string | undefined): Promise<Pod> {
    const cluster = await this.cluster();
    const body = { apiVersion: 'v1', kind: 'Pod', ...draft };
    const path = resourcePath(Pods, { namespace: namespace ?? cluster.namespace });
    return (await cluster.json('POST', path, { body })) as unknown as Pod;
  }

  private async attach({ pod, container }: Made): Promise<void> {
    const cluster = await this.cluster();
    this.context.interrupts.exitCode = 1;
    const { name = '', namespace } = pod.metadata ?? {};
    const info = { mapping: await (await cluster.mapper()).resource('pods'), name, namespace };
    const stateOf = (o: Unstructured | undefined) => {
      const status = o?.['status'] as Pod['status'];
      const all = [...(status?.containerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])];
      return all.find((s) => s.name === container)?.state;
    };
    const { object } = await waitFor(
      cluster,
      info,
      (o) => {
        if (!o) throw new CliError('pods "" not found');
        const state = stateOf(o);
        if (!this.opts.quiet && state?.waiting?.message) {
          cluster.warnings.print(`container ${container}: ${state.waiting.message}`);
        }
        return Boolean(state?.running ?? state?.terminated);
      },
      Infinity,
    );
    if (stateOf(object)?.terminated) {
      return this.write(await logsOf(cluster, object as unknown as Pod, container));
    }
    const wishes = { ...this.opts, program: this.context.program };
    await attachOrRead(this.io, cluster, object as unknown as Pod, container, wishes, this.context.signal);
  }
}

const namesIn = ({ spec }: PodDraft): string[] =>
  [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map((c) => c.name);
