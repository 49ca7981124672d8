// `rolling-update` of earlier days, hidden: one replication controller takes the place of another.
// Upstream: kubectl 1.17 pkg/cmd/rollingupdate/rollingupdate.go.
import { createHash } from 'node:crypto';
import { isNotFound } from '../api/status.ts';
import { Command } from '../cli/base.ts';
import { Builder } from '../cli/builder/builder.ts';
import { CliError } from '../cli/errors.ts';
import { dryRunFlag, dryRunOf, validateFlag } from '../cli/flags.ts';
import { operationPrinter } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import { type Controller, DESIRED, NEXT, ORIGINAL, RollingUpdate, SOURCE } from '../cli/rollout/rolling-update.ts';

const flags = {
  container: flag.string(
    'Container name which will have its image upgraded. Required when using --image on a multi-container pod',
  ),
  'deployment-label-key': flag.string('The key to use to differentiate between two different controllers.', {
    default: 'deployment',
  }),
  ...dryRunFlag,
  filename: flag.slice('Filename or URL to file to use to create the new replication controller.', { short: 'f' }),
  image: flag.string('Image to use for upgrading the replication controller.'),
  'image-pull-policy': flag.string(
    'Explicit policy for when to pull container images. Required when --image is same as existing image.',
  ),
  'poll-interval': flag.duration('Accepted; the server is watched.', { default: 3_000 }),
  ...printFlags,
  rollback: flag.bool('If true, this is a request to abort an existing rollout that is partially rolled out.'),
  timeout: flag.duration('Max time to wait for a replication controller to update before giving up.', {
    default: 300_000,
  }),
  'update-period': flag.duration('Time to wait between updating pods.', { default: 60_000 }),
  ...validateFlag,
};

interface PodTemplate {
  metadata?: { labels?: Record<string, string> };
  spec: { containers: { name: string; image: string; imagePullPolicy?: string }[] };
}

export default class RollingUpdateCommand extends Command {
  static hidden = true;
  static override summary = 'Perform a rolling update. This command is deprecated, use rollout instead.';
  static override usage =
    'OLD_CONTROLLER_NAME ([NEW_CONTROLLER_NAME] --image=NEW_CONTAINER_IMAGE | -f NEW_CONTROLLER_SPEC)';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private updater!: RollingUpdate;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(RollingUpdateCommand);
    this.opts = opts;
    this.err(`Command "rolling-update" is deprecated, use "rollout" instead\n`);
    const dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    this.validate(args);
    const [oldName = '', newName = ''] = args;
    const cluster = await this.cluster();
    const mapping = await (await cluster.mapper()).resource('replicationcontrollers');
    const pace = { periodMs: opts['update-period'], timeoutMs: opts.timeout };
    this.updater = new RollingUpdate(cluster, mapping, pace, (line) => this.out(`${line}\n`));
    const old = await this.oldController(oldName, args.length === 1);
    if (!old) return;
    const fresh = await this.newController(old, newName || (old.metadata.annotations?.[NEXT] ?? ''));
    this.checkPair(old, fresh, oldName);
    if (dryRun !== 'none') {
      return this.out(`Rolling from:\n${oldName}\nTo:\n${fresh.metadata.name}\n`);
    }
    if (opts.rollback) await this.back(old, fresh);
    else await this.forth(old, fresh, args.length === 1);
    const last = opts.rollback || args.length === 1 ? oldName : (fresh.metadata.name ?? '');
    const word = args.length === 1 ? 'rolling updated' : `rolling updated to ${JSON.stringify(last)}`;
    const print = await operationPrinter({ ...printOptionsOf(opts), cwd: this.io.cwd }, dryRun);
    this.out(print(await this.updater.get(last), word));
  }

  private validate(args: readonly string[]): void {
    const { filename, image, rollback, 'deployment-label-key': key } = this.opts;
    const named = filename.length > 0 || image !== '';
    if (key === '') this.usageError('--deployment-label-key can not be empty');
    if (filename.length > 1) this.usageError('May only specify a single filename for new controller');
    if (rollback && named) this.usageError("Don't specify --filename or --image on rollback");
    if (!rollback && !named) this.usageError('Must specify --filename or --image for new controller');
    if (filename.length > 0 && image !== '') this.usageError('--filename and --image can not both be specified');
    if (args.length < 1) this.usageError('Must specify the controller to update');
  }

  /** Undefined when an update that was cut off while it renamed has been brought to its end. */
  private async oldController(name: string, keepsName: boolean): Promise<Controller | undefined> {
    try {
      return await this.updater.get(name);
    } catch (error) {
      if (!isNotFound(error) || this.opts.image === '' || !keepsName) throw error;
      await this.updater.rename(await this.updater.madeFrom(name), name);
      return undefined;
    }
  }

  private async newController(old: Controller, newName: string): Promise<Controller> {
    const { filename, image, rollback } = this.opts;
    if (rollback) {
      const found = await this.updater.find(newName);
      if (!found) throw new CliError(`Could not find ${newName} to rollback.\n`);
      return found;
    }
    if (filename.length > 0) return this.fromFile(filename[0]!, old);
    const found = await this.updater.find(newName);
    if (!found) return this.withImage(old, newName);
    const running = (found.spec.template as PodTemplate).spec.containers[0]?.image;
    if (running !== image) {
      throw new CliError(
        `Found existing in-progress update to image (${running}).\nEither continue in-progress update with --image=${running} or rollback with --rollback`,
      );
    }
    this.out(`Found existing update in progress (${found.metadata.name}), resuming.\n`);
    return found;
  }

  private async fromFile(name: string, old: Controller): Promise<Controller> {
    const files = { filename: [name] };
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, { files }).build();
    if (built.errors.length > 0) throw built.errors[0];
    if (built.infos.length > 1) throw new CliError(`${name} specifies multiple items`);
    if (built.infos.length === 0) throw new CliError(`please make sure ${name} exists and is not empty`);
    const object = built.infos[0]!.object as Controller;
    if (object.kind !== 'ReplicationController' || object.apiVersion !== 'v1') {
      const [group = '', version = ''] = object.apiVersion.includes('/')
        ? object.apiVersion.split('/')
        : ['', object.apiVersion];
      throw new CliError(`${name} contains a ${group}/${version}, Kind=${object.kind} not a ReplicationController`);
    }
    object.spec.replicas ??= old.spec.replicas ?? 0;
    return object;
  }

  /** The old controller with another image, under a name and a label of its own. */
  private withImage(old: Controller, newName: string): Controller {
    const { container, image, 'image-pull-policy': policy, 'deployment-label-key': key } = this.opts;
    const fresh = structuredClone(old);
    const template = fresh.spec.template as PodTemplate;
    const { containers } = template.spec;
    if (container === '' && containers.length > 1) {
      throw new CliError('must specify container to update when updating a multi-container pod');
    }
    const at = container === '' ? 0 : containers.findIndex((c) => c.name === container);
    const changed = containers[at];
    if (!changed) throw new CliError(`container ${container} not found in pod`);
    if (containers[0]!.image === image && policy === '') {
      throw new CliError(
        '--image-pull-policy (Always|Never|IfNotPresent) must be provided when --image is the same as existing container image',
      );
    }
    if (containers[0]!.image === image) changed.imagePullPolicy = policy;
    changed.image = image;
    const hash = hashOf(fresh);
    const { labels } = old.metadata;
    const name = newName || `${old.metadata.name}-${hash}`;
    template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, [key]: hash } };
    const metadata = { name, namespace: old.metadata.namespace, ...(labels ? { labels } : {}) };
    const spec = { ...fresh.spec, selector: { ...fresh.spec.selector, [key]: hash } };
    return { apiVersion: 'v1', kind: 'ReplicationController', metadata, spec } as Controller;
  }

  /** A pod may belong to one of them only. */
  private checkPair(old: Controller, fresh: Controller, oldName: string): void {
    const file = this.opts.filename[0] ?? '';
    if (oldName === fresh.metadata.name) {
      throw new CliError(`${file} cannot have the same name as the existing ReplicationController ${oldName}`);
    }
    const key = this.opts['deployment-label-key'];
    const willDiffer = this.opts.image !== '' && !Object.hasOwn(old.spec.selector, key);
    const differs = Object.entries(old.spec.selector).some(
      ([name, value]) => (fresh.spec.selector[name] ?? value) !== value,
    );
    if (!willDiffer && !differs) {
      throw new CliError(`${file} must specify a matching key with non-equal value in Selector for ${oldName}`);
    }
  }

  private async forth(old: Controller, fresh: Controller, keepsName: boolean): Promise<void> {
    const name = old.metadata.name ?? '';
    let from = old;
    if (this.opts.image !== '') {
      from = await this.updater.annotate(name, { [NEXT]: fresh.metadata.name });
      const key = this.opts['deployment-label-key'];
      if (!Object.hasOwn(from.spec.selector, key)) from = await this.updater.addKey(name, key, `${hashOf(old)}-orig`);
    }
    await this.updater.run(from, fresh);
    await this.updater.finish(name, fresh.metadata.name ?? '', keepsName);
  }

  private async back(old: Controller, fresh: Controller): Promise<void> {
    const [name, from] = [old.metadata.name ?? '', fresh.metadata.name ?? ''];
    const original = old.metadata.annotations?.[ORIGINAL];
    if (original === undefined) {
      throw new CliError(`couldn't find original replica count of ${JSON.stringify(name)}`);
    }
    this.out(`Setting ${JSON.stringify(name)} replicas to ${original}\n`);
    const to = await this.updater.annotate(name, { [SOURCE]: `${from}:${fresh.metadata.uid}`, [DESIRED]: original });
    await this.updater.run(fresh, to);
    await this.updater.finish(from, name, false);
  }
}

const hashOf = (rc: Controller): string => createHash('md5').update(JSON.stringify(rc)).digest('hex');
