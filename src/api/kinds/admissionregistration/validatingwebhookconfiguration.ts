// ValidatingWebhookConfiguration. Upstream: pkg/registry/admissionregistration/validatingwebhookconfiguration/strategy.go.
import { defineKind } from '../../kind.ts';
import { webhookKind } from '../shared/webhooks.ts';

export default defineKind(webhookKind('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', false));
