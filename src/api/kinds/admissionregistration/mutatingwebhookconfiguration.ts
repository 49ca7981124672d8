// MutatingWebhookConfiguration. Upstream: pkg/registry/admissionregistration/mutatingwebhookconfiguration/strategy.go.
import { defineKind } from '../../kind.ts';
import { webhookKind } from '../shared/webhooks.ts';

export default defineKind(webhookKind('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', true));
