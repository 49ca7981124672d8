// `create poddisruptionbudget`. Upstream: kubectl/pkg/cmd/create/create_pdb.go.
import { CliError } from '../../cli/errors.ts';
import { labelSelectorOf } from '../../cli/label-specs.ts';
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const Budgets = type('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget');

/** A number of pods or a percentage of them. */
const COUNT = /^\d+%?$/;

export default class CreatePodDisruptionBudget extends Generator {
  static override summary =
    'Create a pod disruption budget with the specified name, selector, and desired minimum available pods';
  static short = 'Create a pod disruption budget with the specified name';
  static aliases = ['pdb'];
  static examples = `# Create a pod disruption budget named my-pdb that will select all pods with the app=rails label
# and require at least one of them being available at any point in time
{program} create poddisruptionbudget my-pdb --selector=app=rails --min-available=1

# At least half of the pods with the label app=nginx stay available
{program} create pdb my-pdb --selector=app=nginx --min-available=50%`;
  static override usage = 'NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]';
  static override flags = {
    ...generatorFlags,
    'max-unavailable': flag.string('The maximum number or percentage of unavailable pods this budget requires.'),
    'min-available': flag.string('The minimum number or percentage of available pods this budget requires.'),
    selector: flag.string(
      'A label selector to use for this budget. Only equality-based selector requirements are supported.',
    ),
  };
  protected override failure = 'failed to create poddisruptionbudgets: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreatePodDisruptionBudget);
    const name = this.oneName();
    const min = flags['min-available'];
    const max = flags['max-unavailable'];
    if (!flags.selector) throw new CliError('a selector must be specified');
    if (!min && !max) throw new CliError('one of min-available or max-unavailable must be specified');
    if (min && max) throw new CliError('min-available and max-unavailable cannot be both specified');
    if (min && !COUNT.test(min)) throw new CliError('invalid format specified for min-available');
    if (max && !COUNT.test(max)) throw new CliError('invalid format specified for max-unavailable');
    const number = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);
    const spec = {
      ...(min ? { minAvailable: number(min) } : {}),
      selector: labelSelectorOf(flags.selector),
      ...(max ? { maxUnavailable: number(max) } : {}),
    };
    const status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    await this.create(Budgets, typed(Budgets, { metadata: this.metadata(name), spec, status }), flags);
  }
}
