// `exec`. Upstream: kubectl/pkg/cmd/exec/exec.go. Beyond upstream: --run-as.
import { INVALID_EXEC_USER, parseExecUser } from '../api/exec-user.ts';
import { CliError } from '../cli/errors.ts';
import { flag } from '../cli/pflag.ts';
import { chooseContainer } from '../cli/pods.ts';
import { checkRemoteStatus, localStreams } from '../cli/terminal.ts';
import { PodCommand, podRunningTimeoutFlag, streamPath } from './_pod-target.ts';

export default class Exec extends PodCommand {
  static override summary = 'Execute a command in a container';
  static examples = `# Get output from running the 'date' command from pod mypod, using the first container by default
{program} exec mypod -- date

# Get output from running the 'date' command in ruby-container from pod mypod
{program} exec mypod -c ruby-container -- date

# Switch to raw terminal mode; sends stdin to 'bash' in ruby-container from pod mypod
# and sends stdout/stderr from 'bash' back to the client
{program} exec mypod -c ruby-container -i -t -- bash -il

# Get output from running 'date' command from the first pod of the deployment mydeployment, using the first container by default
{program} exec deploy/mydeployment -- date

# Get output from running 'date' command from the first pod of the service myservice, using the first container by default
{program} exec svc/myservice -- date

# The contents of /usr, by the time of change: what follows -- is the command with its own flags
{program} exec mypod -i -t -- ls -t /usr`;
  static override usage = '(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]';
  static override flags = {
    container: flag.string(
      'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen',
      { short: 'c' },
    ),
    filename: flag.slice('to use to exec into the resource', { short: 'f' }),
    ...podRunningTimeoutFlag,
    'run-as': flag.string(
      'User of the container, and perhaps group, as whom the command runs: USER[:GROUP], names or numbers. Needs a Sampan server, the verb impersonate on pods/exec and, where the container has runAsNonRoot, a uid that is not 0.',
      { own: true },
    ),
    quiet: flag.bool('Only print output from the remote session', { short: 'q' }),
    stdin: flag.bool('Pass stdin to the container', { short: 'i' }),
    tty: flag.bool('Stdin is a TTY', { short: 't' }),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Exec);
    const { dashAt } = this.context.parsed;
    const name = args.length > 0 && dashAt !== 0 ? args[0] : undefined;
    if (dashAt < 0 && (args.length > 1 || (args.length > 0 && flags.filename.length > 0))) {
      this.usageError('exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead');
    }
    this.checkTimeout(flags['pod-running-timeout']);
    const command = dashAt < 0 ? [] : args.slice(dashAt);
    if (name === undefined && flags.filename.length === 0) {
      throw new CliError('pod, type/name or --filename must be specified');
    }
    if (command.length === 0) throw new CliError('you must specify at least one command for the container');
    if (flags['run-as'] !== '') await this.checkUser(flags['run-as']);
    const object = await this.namedObject(name, flags.filename);
    const pod = await this.podOf(object, flags['pod-running-timeout']);
    const phase = pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') {
      throw new CliError(`cannot exec into a container in a completed pod; current phase is ${phase}`);
    }
    const container = chooseContainer(pod, flags.container, (t) => void (flags.quiet || this.err(t)));
    const cluster = await this.cluster();
    const { runRemoteCommand } = await import('../wire/remote-command.ts');
    const streams = localStreams(this.io, flags);
    try {
      const path = streamPath(pod, 'exec', [
        ...command.map((c) => ['command', c] as const),
        ['container', container],
        ['stderr', !streams.tty],
        ['stdin', flags.stdin],
        ['stdout', true],
        ['tty', streams.tty],
        ['user', flags['run-as'] || false],
      ]);
      checkRemoteStatus(await runRemoteCommand(cluster.dialer, path, streams, this.context.signal));
    } finally {
      streams.restore();
    }
  }

  /** Another server would ignore it, and run the command as whom it always runs. */
  private async checkUser(user: string): Promise<void> {
    if (!parseExecUser(user)) {
      throw new CliError(`invalid --run-as ${JSON.stringify(user)}: must be ${INVALID_EXEC_USER}`);
    }
    const { gitVersion } = await (await this.cluster()).json<{ gitVersion?: string }>('GET', '/version');
    if (gitVersion?.includes('+sampan')) return;
    throw new CliError(
      `--run-as needs a Sampan server: this one (${gitVersion}) runs commands as the container's user only`,
    );
  }
}
