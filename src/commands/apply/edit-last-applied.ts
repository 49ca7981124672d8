// `apply edit-last-applied`: the last-applied annotations in the user's editor, and nothing else of the objects.
// Upstream: kubectl/pkg/cmd/apply/apply_edit_last_applied.go.
import type { Info } from '../../cli/builder/builder.ts';
import type { EditResults } from '../../cli/edit/results.ts';
import { saveLastApplied, type Saving } from '../../cli/edit/save.ts';
import { CliError } from '../../cli/errors.ts';
import { recordFlag } from '../../cli/flags.ts';
import { lastAppliedOf } from '../../cli/last-applied.ts';
import { EditCommand, editFlags } from '../_edit-command.ts';

export default class EditLastApplied extends EditCommand {
  static short = 'Edit latest last-applied-configuration annotations of a resource/object';
  static override summary =
    'Edit the latest last-applied-configuration annotations of resources from the default editor';
  static description = `The annotations are shown in the editor that your KUBE_EDITOR or EDITOR environment variable names, or in 'vi'. Several objects can be edited at once; each is saved by itself. File names are accepted, too: the files only name the objects.

The default format is YAML. To edit in JSON, specify "-o json".

--windows-line-endings writes the line ends of Windows; without it they are those of your system.

When an annotation cannot be saved, what you typed stays in a temporary file. What is most often in the way is somebody else who changed the object meanwhile: bring your changes into the newer version then.`;
  static examples = `# Edit the last-applied-configuration annotations by type/name in YAML
{program} apply edit-last-applied deployment/nginx

# Edit the last-applied-configuration annotations by file in JSON
{program} apply edit-last-applied -f deploy.yaml -o json`;
  static override usage = '(RESOURCE/NAME | -f FILENAME)';
  static override flags = { ...editFlags('kubectl-client-side-apply'), ...recordFlag };

  protected readonly mode = 'last-applied';

  async run(): Promise<void> {
    const { flags, args } = this.parse(EditLastApplied);
    const configurations: Info[] = [];
    for (const info of await this.targets(args, flags)) {
      const text = lastAppliedOf(info.object!);
      if (text === undefined) continue;
      const [configuration] = await this.build({ texts: [{ source: 'edited-file', text }] });
      if (configuration) configurations.push(configuration);
    }
    if (configurations.length === 0) {
      throw new CliError(
        `no last-applied-configuration annotation found on resources, to create the annotation, use command \`${this.context.program} apply set-last-applied --create-annotation\``,
      );
    }
    await this.edit(configurations, flags);
  }

  protected save(edited: readonly Info[], originals: readonly Info[], _results: EditResults, saving: Saving) {
    return saveLastApplied(edited, originals, saving);
  }
}
