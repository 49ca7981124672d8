// Kustomization: kustomize.toolkit.fluxcd.io. Fields that Sampan does not act on are kept, not refused.
import { conditions, customResourceDefinition, duration, flag, list, object, strings, text } from './definition.ts';

const named = (description: string) =>
  object(description, { name: text('Its name.'), namespace: text('Its namespace; the default is our own.') }, ['name']);

export const kustomizationCrd = customResourceDefinition({
  group: 'kustomize.toolkit.fluxcd.io',
  kind: 'Kustomization',
  plural: 'kustomizations',
  short: ['ks'],
  description: 'A folder of a source that the cluster is kept equal to.',
  versions: ['v1', 'v1beta2'],
  columns: [],
  spec: {
    ...object(
      'What to apply, and how.',
      {
        sourceRef: object(
          'Where the manifests come from.',
          {
            apiVersion: text('Its version.'),
            kind: text('GitRepository.', { enum: ['GitRepository', 'OCIRepository', 'Bucket', 'ExternalArtifact'] }),
            name: text('Its name.'),
            namespace: text('Its namespace; the default is our own.'),
          },
          ['kind', 'name'],
        ),
        path: text('The folder; the default is the root.'),
        prune: flag('True deletes what is no longer in the source.'),
        interval: duration('How often to apply even without a change.'),
        retryInterval: duration('How soon after a failure; the default is the interval.'),
        timeout: duration('How long health checks may take; the default is the interval.'),
        suspend: flag('True stops applying.'),
        force: flag('True recreates objects whose immutable fields changed.'),
        wait: flag('True waits until all that was applied is healthy.'),
        targetNamespace: text('Puts all namespaced objects there.', { minLength: 1, maxLength: 63 }),
        namePrefix: text('Stands before all names.'),
        nameSuffix: text('Stands behind all names.'),
        serviceAccountName: text('Applies as this service account.'),
        deletionPolicy: text('What happens to the objects when this is deleted.', {
          enum: ['MirrorPrune', 'Delete', 'WaitForTermination', 'Orphan'],
        }),
        dependsOn: list('Kustomizations that must be ready first.', named('One of them.')),
        healthChecks: list(
          'Objects that must be healthy.',
          object(
            'One of them.',
            {
              apiVersion: text('Its version.'),
              kind: text('Its kind.'),
              name: text('Its name.'),
              namespace: text('Its namespace.'),
            },
            ['kind', 'name'],
          ),
        ),
        images: list(
          'Images to replace.',
          object(
            'One of them.',
            {
              name: text('The name in the manifests.'),
              newName: text('Its new name.'),
              newTag: text('Its new tag.'),
              digest: text('Its digest; outweighs the tag.'),
            },
            ['name'],
          ),
        ),
        patches: list(
          'Patches to apply.',
          object(
            'One of them.',
            {
              patch: text('A strategic merge or JSON patch.'),
              target: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
            ['patch'],
          ),
        ),
        components: { type: 'array', items: { type: 'string' }, description: 'Kustomize components, by path.' },
        commonMetadata: object('Put on all objects.', {
          labels: strings('Labels.'),
          annotations: strings('Annotations.'),
        }),
        postBuild: object('Variables in the built manifests.', {
          substitute: strings('Variables.'),
          substituteFrom: list(
            'ConfigMaps and Secrets of variables; later ones win.',
            object(
              'One of them.',
              {
                kind: text('ConfigMap or Secret.', { enum: ['ConfigMap', 'Secret'] }),
                name: text('Its name.'),
                optional: flag('True: it may be absent.'),
              },
              ['kind', 'name'],
            ),
          ),
        }),
      },
      ['sourceRef', 'prune', 'interval'],
    ),
    'x-kubernetes-preserve-unknown-fields': true,
  },
  status: {
    ...object('What was applied.', {
      conditions,
      observedGeneration: { type: 'integer', format: 'int64' },
      lastAppliedRevision: text('The revision that the cluster is equal to.'),
      lastAttemptedRevision: text('The revision that was tried last.'),
      lastHandledReconcileAt: text('The last reconcile.fluxcd.io/requestedAt that was handled.'),
      inventory: object('All that was applied.', {
        entries: list(
          'One an object.',
          object('An object.', { id: text('namespace_name_group_kind.'), v: text('Its version.') }, ['id', 'v']),
        ),
      }),
    }),
    'x-kubernetes-preserve-unknown-fields': true,
  },
});
