// `create priorityclass`. Upstream: kubectl/pkg/cmd/create/create_priorityclass.go.
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const PriorityClasses = type('scheduling.k8s.io', 'v1', 'priorityclasses', 'PriorityClass', false);

export default class CreatePriorityClass extends Generator {
  static override summary = 'Create a priority class with the specified name, value, globalDefault and description';
  static short = 'Create a priority class with the specified name';
  static aliases = ['pc'];
  static examples = `# Create a priority class named high-priority
{program} create priorityclass high-priority --value=1000 --description="high priority"

# The priority of pods that name no class
{program} create priorityclass default-priority --value=1000 --global-default=true --description="default priority"

# A class whose pods wait, and take the place of no others
{program} create priorityclass high-priority --value=1000 --description="high priority" --preemption-policy="Never"`;
  static override usage = 'NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]';
  static override flags = {
    ...generatorFlags,
    description: flag.string(
      'description is an arbitrary string that usually provides guidelines on when this priority class should be used.',
    ),
    'global-default': flag.bool(
      'global-default specifies whether this PriorityClass should be considered as the default priority.',
    ),
    'preemption-policy': flag.string('preemption-policy is the policy for preempting pods with lower priority.', {
      default: 'PreemptLowerPriority',
    }),
    value: flag.int32('the value of this priority class.'),
  };
  protected override failure = 'failed to create priorityclass: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreatePriorityClass);
    const object = {
      metadata: this.metadata(this.oneName(), {}, false),
      value: flags.value,
      ...(flags['global-default'] ? { globalDefault: true } : {}),
      ...(flags.description ? { description: flags.description } : {}),
      preemptionPolicy: flags['preemption-policy'],
    };
    await this.create(PriorityClasses, typed(PriorityClasses, object), flags);
  }
}
