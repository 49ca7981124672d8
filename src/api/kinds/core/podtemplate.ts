// PodTemplate. Upstream: pkg/registry/core/podtemplate/strategy.go, printPodTemplate.
import type { KubeObject } from '../../types.ts';
import { defineKind } from '../../kind.ts';
import { formatLabels } from '../../selector.ts';
import { CONTAINERS_TEXT, IMAGES_TEXT, column, containerImages, containerNames } from '../shared/columns.ts';
import { defaultTemplate } from '../shared/pod-defaults.ts';
import { dropTemplate } from '../shared/pod-disabled.ts';
import { validateTemplate } from '../shared/pod-spec.ts';
import { podWarnings } from '../shared/pod-warnings.ts';
import type { PodTemplate as Template } from '../shared/pod-types.ts';

type PodTemplate = KubeObject & { template?: Template };

export default defineKind<PodTemplate>({
  group: '',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  generation: true,
  defaults: (draft) => defaultTemplate((draft.template ??= {})),
  prepareCreate: (draft) => dropTemplate(draft.template),
  prepareUpdate: (draft, old) => dropTemplate(draft.template, old.template),
  validate: (object, errors) => validateTemplate(errors, 'template', object.template),
  warnings: (object) => podWarnings('template', object.template),
  columns: [
    column('Containers', 'string', CONTAINERS_TEXT, (t) => containerNames(t.template?.spec?.containers)),
    column('Images', 'string', IMAGES_TEXT, (t) => containerImages(t.template?.spec?.containers)),
    column('Pod Labels', 'string', 'The labels for the pod template.', (t) =>
      formatLabels(t.template?.metadata?.labels),
    ),
  ],
});
