// `edit`: objects in the user's editor, patched with what changed; an error opens the editor again with the reason.
// Upstream: kubectl/pkg/cmd/edit, kubectl/pkg/cmd/util/editor/editoptions.go.
import type { Info } from '../cli/builder/builder.ts';
import { savePatches, type Saving } from '../cli/edit/save.ts';
import type { EditResults } from '../cli/edit/results.ts';
import { CliError } from '../cli/errors.ts';
import { recordFlag, saveConfigFlag } from '../cli/flags.ts';
import { flag } from '../cli/pflag.ts';
import { EditCommand, editFlags } from './_edit-command.ts';

const flags = {
  ...editFlags('kubectl-edit'),
  'output-patch': flag.bool('Output the patch if the resource is edited.'),
  ...recordFlag,
  ...saveConfigFlag,
  subresource: flag.string(
    'If specified, edit will operate on the subresource of the requested object. This flag is beta and may change in the future.',
  ),
};

export default class Edit extends EditCommand {
  static short = 'Edit a resource on the server';
  static override summary = 'Edit a resource from the default editor';
  static description = `The edit command allows you to directly edit any API resource you can retrieve via the command-line tools. It will open the editor defined by your KUBE_EDITOR, or EDITOR environment variables, or fall back to 'vi' for Linux. When the editor's command has quotes, it is run by the shell of the SHELL environment variable, or by '/bin/bash'.

You can edit multiple objects, although changes are applied one at a time. The command accepts file names as well as command-line arguments, although the files you point to must be previously saved versions of resources.

The default format is YAML. If you would like to edit in JSON, specify "-o json".

When an object is not valid, the editor is opened again with the reasons. When it cannot be saved, what you typed stays in a temporary file.

An object is edited in the API version that it was read in; name the resource with its version and group for another.

--windows-line-endings writes the line ends of Windows; without it they are those of your system.

What is most often in the way of saving is somebody else who changed the object meanwhile. Bring your changes into the newer version then, or the newer version into your temporary file.`;
  static examples = `# Edit the service named 'registry'
{program} edit svc/registry

# Use an alternative editor
KUBE_EDITOR="nano" {program} edit svc/registry

# Edit the job 'myjob' in JSON using the v1 API format
{program} edit job.v1.batch/myjob -o json

# Edit the deployment 'mydeployment' in YAML and save the modified config in its annotation
{program} edit deployment/mydeployment -o yaml --save-config

# Edit the 'status' subresource for the 'mydeployment' deployment
{program} edit deployment mydeployment --subresource='status'`;
  static override usage = '(RESOURCE/NAME | -f FILENAME)';
  static override flags = flags;

  protected readonly mode = 'normal';

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Edit);
    const { subresource, 'save-config': saveConfig, 'output-patch': outputPatch } = opts;
    const infos = await this.targets(args, opts, subresource);
    if (infos.length === 0) throw new CliError('edit cancelled, no objects found');
    await this.edit(infos, opts, { subresource, saveConfig, outputPatch });
  }

  protected save(edited: readonly Info[], originals: readonly Info[], results: EditResults, saving: Saving) {
    for (const info of edited) info.object = this.recorded(info.object!);
    return savePatches(edited, originals, results, saving);
  }
}
