// GitRepository: source.toolkit.fluxcd.io. Fields that Sampan does not act on are kept, not refused.
import { conditions, customResourceDefinition, duration, flag, object, text } from './definition.ts';

const reference = object('Which commit; the default is branch master.', {
  branch: text('A branch.'),
  tag: text('A tag; outweighs branch.'),
  semver: text('A range of tags.'),
  name: text('A full reference, refs/heads/main; outweighs branch and tag.'),
  commit: text('A commit; with branch, one on that branch.'),
});

export const gitRepositoryCrd = customResourceDefinition({
  group: 'source.toolkit.fluxcd.io',
  kind: 'GitRepository',
  plural: 'gitrepositories',
  short: ['gitrepo'],
  description: 'A Git repository that is fetched at an interval, or at once when it is local.',
  versions: ['v1', 'v1beta2'],
  columns: [{ name: 'URL', jsonPath: '.spec.url' }],
  spec: {
    ...object(
      'What to fetch, and how often.',
      {
        url: text('The address: http, https, ssh, or file.', {
          pattern: '^(https?|ssh|file|git)://.*$|^/.*$|^[^/:]+@[^/:]+:.*$',
        }),
        ref: reference,
        interval: duration('How often to ask for a new commit: 1m, 1h30m.'),
        timeout: duration('How long one Git operation may take; the default is 60s.'),
        suspend: flag('True stops fetching.'),
        ignore: text('Patterns of files that do not count, as in .gitignore.'),
        secretRef: object(
          'A Secret of the same namespace: username and password, bearerToken, identity and known_hosts, ca.crt.',
          { name: text('Its name.') },
          ['name'],
        ),
      },
      ['url', 'interval'],
    ),
    'x-kubernetes-preserve-unknown-fields': true,
  },
  status: {
    ...object('What was fetched.', {
      conditions,
      observedGeneration: { type: 'integer', format: 'int64' },
      lastHandledReconcileAt: text('The last reconcile.fluxcd.io/requestedAt that was handled.'),
      artifact: object('The newest tree.', {
        path: text('Where it is.'),
        url: text('Where it came from.'),
        revision: text('branch@sha1:commit.'),
        digest: text('Its digest.'),
        lastUpdateTime: text('When it was fetched.', { format: 'date-time' }),
        size: { type: 'integer', format: 'int64', description: 'Bytes.' },
      }),
    }),
    'x-kubernetes-preserve-unknown-fields': true,
  },
});
