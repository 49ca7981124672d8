// `why`: what is wrong with an object, and what to do next. Read only. What it looks at is cli/why.
import { isNotFound } from '../api/status.ts';
import { healthOf } from '../api/health/health.ts';
import type { Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { objectsCalled } from '../cli/called.ts';
import { Builder } from '../cli/builder/builder.ts';
import { throwCollected } from '../cli/errors.ts';
import { selectorFlag } from '../cli/flags.ts';
import { checkDataOutput, dataOutputFlag, formatData } from '../cli/print/data.ts';
import { objectName } from '../cli/print/object.ts';
import { type Paint, paintFor } from '../cli/print/style.ts';
import type { Finding } from '../cli/why/finding.ts';
import { whyContext } from '../cli/why/read.ts';
import { findingsOf } from '../cli/why/why.ts';

/** Something is wrong; 1 stays for failures of the command itself. */
const WRONG_EXIT = 3;

interface Answer {
  object: string;
  namespace?: string;
  ok: boolean;
  summary: string;
  findings: Finding[];
}

export default class Why extends Command {
  static override summary = 'Tell what is wrong with a pod, workload, service or other object, and what to do next';
  static description =
    'Conditions, events, the scheduler, images, exit codes and last words of containers, probes, volumes, quotas, endpoints and nodes are read, and only what explains the state is printed. The exit code is 0 when nothing is wrong and 3 when something is.';
  static examples = `# Why a pod does not run
{program} why web-5d9c7b9f6-x2x7k

# Why a deployment is not available
{program} why deployment/web

# The same, when no pod is called so
{program} why web

# Why a service does not answer
{program} why service web

# As data
{program} why pods -l app=web -o json`;
  static override usage = '(POD | TYPE [NAME | -l label] | TYPE/NAME ...)';
  static override flags = { ...dataOutputFlag, ...selectorFlag };

  async run(): Promise<number> {
    const { flags, args } = this.parse(Why);
    await checkDataOutput(flags.output);
    if (args.length === 0) this.usageError('an object is needed: POD, TYPE NAME or TYPE/NAME');
    const objects = await this.objects(args, flags.selector);
    const context = whyContext(await this.cluster(), this.io.nowMs());
    const answers: Answer[] = [];
    for (const object of objects) answers.push(answerOf(object, await findingsOf(context, object), this.io.nowMs()));
    const data = await formatData(flags.output, answers);
    if (data !== undefined) await this.write(data);
    else {
      if (answers.length === 0) this.err('No resources found\n');
      const paint = await paintFor(this.io);
      await this.write(answers.map((a) => this.page(a, paint)).join('\n'));
    }
    return answers.every((a) => a.ok) ? 0 : WRONG_EXIT;
  }

  /** One word is a type, or the name of a pod, or of what makes pods: `why deployments`, `why web-0`, `why web`. */
  private async objects(args: readonly string[], selector: string): Promise<Unstructured[]> {
    const word = args.length === 1 && !args[0]!.includes('/') && selector === '' ? args[0]! : undefined;
    const mapper = await (await this.cluster()).mapper();
    const isType =
      word !== undefined &&
      (await mapper.resource(word).then(
        () => true,
        () => false,
      ));
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      ...(word !== undefined && !isType ? { defaultType: 'pods' } : {}),
      labelSelector: selector,
      typeAlone: true,
      fetch: 'latest',
    }).build();
    if (word !== undefined && !isType && built.errors.some(isNotFound)) {
      const others = await objectsCalled(await this.cluster(), word);
      if (others.length > 0) return others;
    }
    throwCollected(built.errors);
    return built.infos.map((i) => i.object!);
  }

  private page({ object, ok, summary, findings }: Answer, paint: Paint): string {
    const lines = [`${paint.strong(object)}: ${ok ? paint.good(summary) : paint.bad(summary)}`];
    for (const { severity, about, reason, message, hint, next, details } of findings) {
      const colour = severity === 'error' ? paint.bad : severity === 'warning' ? paint.waiting : paint.dim;
      const where = about === object ? '' : `${about}: `;
      lines.push(`  ${where}${colour(reason)}: ${message.replaceAll('\n', '\n    ')}`);
      if (hint) lines.push(`    ${hint}`);
      for (const line of details ?? []) lines.push(`    ${paint.dim(`| ${line}`)}`);
      if (next) lines.push(`    next: ${paint.strong(`${this.context.program} ${next}`)}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

function answerOf(object: Unstructured, findings: Finding[], nowMs: number): Answer {
  const order = ['error', 'warning', 'info'];
  findings.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const ok = findings.every((f) => f.severity === 'info');
  const { namespace } = object.metadata;
  const health = healthOf(object, nowMs);
  const summary = ok
    ? `nothing is wrong (${health.message || health.status})`
    : health.status === 'Current'
      ? 'is troubled'
      : health.message;
  return { object: objectName(object), ...(namespace ? { namespace } : {}), ok, summary, findings };
}
