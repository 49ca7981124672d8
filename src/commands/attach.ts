// `attach`. Upstream: kubectl/pkg/cmd/attach/attach.go.
import { attachTo } from '../cli/attach.ts';
import { CliError } from '../cli/errors.ts';
import { flag } from '../cli/pflag.ts';
import { chooseContainer, findContainer } from '../cli/pods.ts';
import { PodCommand, podRunningTimeoutFlag } from './_pod-target.ts';

export default class Attach extends PodCommand {
  static override summary = 'Attach to a process that is already running inside an existing container';
  static examples = `# Get output from running pod mypod; use the 'kubectl.kubernetes.io/default-container' annotation
# for selecting the container to be attached or the first container in the pod will be chosen
{program} attach mypod

# Get output from ruby-container from pod mypod
{program} attach mypod -c ruby-container

# Switch to raw terminal mode; sends stdin to 'bash' in ruby-container from pod mypod
# and sends stdout/stderr from 'bash' back to the client
{program} attach mypod -c ruby-container -i -t

# Get output from the first pod of a replica set named nginx
{program} attach rs/nginx`;
  static override usage = '(POD | TYPE/NAME) -c CONTAINER';
  static override flags = {
    container: flag.string(
      'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen',
      { short: 'c' },
    ),
    ...podRunningTimeoutFlag,
    quiet: flag.bool('Only print output from the remote session', { short: 'q' }),
    stdin: flag.bool('Pass stdin to the container', { short: 'i' }),
    tty: flag.bool('Stdin is a TTY', { short: 't' }),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Attach);
    this.checkTimeout(flags['pod-running-timeout']);
    if (args.length === 0) throw new CliError('at least 1 argument is required for attach');
    if (args.length > 2)
      throw new CliError(
        `expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${args.length}: [${args.join(' ')}]`,
      );
    const object = await this.namedObject(args.at(-1), [], args.length === 2 ? args[0] : 'pods');
    const pod = await this.podOf(object, flags['pod-running-timeout']);
    const phase = pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') {
      throw new CliError(`cannot attach a container in a completed pod; current phase is ${phase}`);
    }
    if (flags.container && !findContainer(pod, flags.container)) {
      const why = `container ${flags.container} not found in pod ${pod.metadata?.name}`;
      throw new CliError(`cannot attach to the container: ${why}`);
    }
    const container = chooseContainer(pod, flags.container, (t) => void (flags.quiet || this.err(t)));
    const wishes = { ...flags, program: this.context.program };
    await attachTo(this.io, await this.cluster(), pod, container, wishes, this.context.signal);
  }
}
