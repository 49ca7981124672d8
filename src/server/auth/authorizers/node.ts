// What node daemons may do: fixed rules, and of secrets, config maps, claims and tokens only those of pods bound to
// them. Upstream: plugin/pkg/auth/authorizer/node/node_authorizer.go. Unlike there a node may read all nodes (by RBAC):
// our daemon routes between them.
import { NODE_LABEL } from '../../../api/host-path.ts';
import type { ReferenceKind } from '../../../api/pod-references.ts';
import type { NodeGraph } from '../node-graph.ts';
import { nodeRules } from '../policy/node-rules.ts';
import { parseFieldSelector } from '../../../api/field-selector.ts';
import { ruleAllows, ruleQuery } from '../../../api/rbac.ts';
import { type Attributes, type Authorizer, type Decision, nodeOf } from '../types.ts';

const ALLOWED: Decision = Object.freeze({ allowed: true });
const NO_OPINION: Decision = Object.freeze({ allowed: false });
const refuse = (reason: string): Decision => ({ allowed: false, reason });

export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  return {
    name: 'Node',
    authorize(attributes) {
      const node = nodeOf(attributes.user);
      if (node === undefined) return NO_OPINION;
      if (node === '') return refuse(`unknown node for user ${JSON.stringify(attributes.user.name)}`);
      const special = attributes.resource && specials[`${attributes.group ?? ''}/${attributes.resource}`];
      if (special) return special(node, attributes, graph);
      const query = ruleQuery(attributes);
      return nodeRules.some((rule) => ruleAllows(rule, query)) ? ALLOWED : NO_OPINION;
    },
  };
}

type Check = (node: string, attributes: Attributes, graph: NodeGraph) => Decision;

const specials: Record<string, Check> = {
  '/secrets': (node, a, graph) => readRelated(node, 'secret', a, graph),
  '/configmaps': (node, a, graph) => readRelated(node, 'configmap', a, graph),
  '/persistentvolumeclaims': claim,
  '/persistentvolumes': volume,
  'storage.k8s.io/volumeattachments': (node, a, graph) => readOne(node, a, (name) => graph.isAttachedTo(node, name)),
  'resource.k8s.io/resourceclaims': (node, a, graph) =>
    readOne(node, a, (name) => graph.refers(node, 'resourceclaim', a.namespace ?? '', name)),
  'resource.k8s.io/resourceslices': slice,
  '/serviceaccounts': token,
  '/pods': pod,
  'coordination.k8s.io/leases': lease,
  'storage.k8s.io/csinodes': csiNode,
};

function readRelated(node: string, kind: ReferenceKind, a: Attributes, graph: NodeGraph): Decision {
  if (!['get', 'list', 'watch'].includes(a.verb)) return refuse('can only read resources of this type');
  if (a.subresource) return refuse('cannot read subresource');
  if (!a.namespace) return refuse('can only read namespaced object of this type');
  return related(node, kind, a, graph);
}

function related(node: string, kind: ReferenceKind, a: Attributes, graph: NodeGraph): Decision {
  if (!a.name) return refuse('No Object name found');
  return graph.refers(node, kind, a.namespace ?? '', a.name)
    ? ALLOWED
    : refuse(`no relationship found between node '${node}' and this object`);
}

/** What a node creates, deletes and reports about pods is checked by the NodeRestriction admission plug-in. */
function pod(node: string, a: Attributes, graph: NodeGraph): Decision {
  if (a.subresource === 'status') return a.verb === 'update' || a.verb === 'patch' ? ALLOWED : NO_OPINION;
  if (a.subresource === 'eviction') return a.verb === 'create' ? ALLOWED : NO_OPINION;
  if (a.subresource) return NO_OPINION;
  if (a.verb === 'create' || a.verb === 'delete') return ALLOWED;
  const isRead = a.verb === 'get' || a.verb === 'list' || a.verb === 'watch';
  if (!isRead) return NO_OPINION;
  if (a.verb !== 'get' && isOwnNodeSelected(node, a.fieldSelector)) return ALLOWED;
  if (!a.name) return refuse('can only list/watch pods with spec.nodeName field selector');
  return graph.hasPod(node, a.namespace ?? '', a.name)
    ? ALLOWED
    : refuse(`no relationship found between node '${node}' and this object`);
}

function isOwnNodeSelected(node: string, selector: string | undefined, field = 'spec.nodeName'): boolean {
  if (!selector) return false;
  try {
    return parseFieldSelector(selector).requires(field) === node;
  } catch {
    return false; // The list itself will say what is wrong with it.
  }
}

function readOne(node: string, a: Attributes, isRelated: (name: string) => boolean): Decision {
  if (a.verb !== 'get') return refuse('can only get individual resources of this type');
  if (a.subresource) return refuse('cannot get subresource');
  if (!a.name) return refuse('No Object name found');
  return isRelated(a.name) ? ALLOWED : refuse(`no relationship found between node '${node}' and this object`);
}

function claim(node: string, a: Attributes, graph: NodeGraph): Decision {
  if (a.subresource === 'status') {
    if (a.verb !== 'update' && a.verb !== 'patch') return refuse('can only get/update/patch this type');
    return related(node, 'pvc', a, graph);
  }
  if (a.verb !== 'get') return refuse('can only get individual resources of this type');
  if (a.subresource) return refuse('cannot get subresource');
  return related(node, 'pvc', a, graph);
}

/** A volume whose folder the node has, it follows, and lets go of it: NodeRestriction sees to what it writes. */
function volume(node: string, a: Attributes, graph: NodeGraph): Decision {
  if ((a.verb === 'list' || a.verb === 'watch') && !a.name) {
    return a.labelSelector === `${NODE_LABEL}=${node}`
      ? ALLOWED
      : refuse('can only get individual resources of this type');
  }
  if (a.verb === 'update' && !a.subresource) {
    return graph.keepsVolume(node, a.name ?? '')
      ? ALLOWED
      : refuse('can only update volumes that are kept on the node');
  }
  return readOne(node, a, (name) => graph.refersToVolume(node, name));
}

function token(node: string, a: Attributes, graph: NodeGraph): Decision {
  if (a.verb !== 'create' || !a.name) return refuse('can only create tokens for individual service accounts');
  if (a.subresource !== 'token') return refuse('can only create token subresource of serviceaccount');
  return related(node, 'serviceaccount', a, graph);
}

/** Whose slice is created, or deleted in a collection, NodeRestriction sees. */
function slice(node: string, a: Attributes, graph: NodeGraph): Decision {
  if (a.subresource) return refuse('cannot authorize ResourceSlice subresources');
  switch (a.verb) {
    case 'create':
      return ALLOWED;
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      if (!a.name) return refuse('No Object name found');
      return graph.hasSlice(node, a.name)
        ? ALLOWED
        : refuse(`no relationship found between node '${node}' and this object`);
    case 'watch':
    case 'list':
    case 'deletecollection':
      if (isOwnNodeSelected(node, a.fieldSelector, 'spec.nodeName')) return ALLOWED;
      return refuse('can only list/watch/deletecollection resourceslices with nodeName field selector');
    default: {
      const verbs = 'get, watch, list, create, update, patch, delete, deletecollection';
      return refuse(`only the following verbs are allowed for a ResourceSlice: ${verbs}`);
    }
  }
}

const OWN_VERBS = ['get', 'create', 'update', 'patch', 'delete'];

function lease(node: string, a: Attributes): Decision {
  if (!OWN_VERBS.includes(a.verb)) return refuse('can only get, create, update, patch, or delete a node lease');
  if (a.namespace !== 'kube-node-lease') {
    return refuse('can only access leases in the "kube-node-lease" system namespace');
  }
  // On create the name is not known yet; the NodeRestriction admission plugin checks it.
  if (a.verb !== 'create' && a.name !== node) {
    return refuse('can only access node lease with the same name as the requesting node');
  }
  return ALLOWED;
}

function csiNode(node: string, a: Attributes): Decision {
  if (!OWN_VERBS.includes(a.verb)) return refuse('can only get, create, update, patch, or delete a CSINode');
  if (a.subresource) return refuse('cannot authorize CSINode subresources');
  if (a.verb !== 'create' && a.name !== node) {
    return refuse('can only access CSINode with the same name as the requesting node');
  }
  return ALLOWED;
}
