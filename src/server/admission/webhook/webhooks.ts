// The two plug-ins that call webhooks, with the configurations that they follow. Made once per server, because they
// need connections; until they are attached there are no webhooks.
import type { AdmissionPlugin } from '../types.ts';
import type { WebhookClient } from './client.ts';
import { Hooks, type Observe } from './hooks.ts';
import { mutatingWebhooks } from './mutating.ts';
import { validatingWebhooks } from './validating.ts';

export interface WebhookAdmission {
  /** To stand after all others: quota counts what webhooks let pass. */
  plugins: readonly AdmissionPlugin[];
  /** Starts to follow the configurations; answers what stops it. */
  attach(observe: Observe): () => void;
}

export function webhookAdmission(client: WebhookClient): WebhookAdmission {
  const mutating = new Hooks('MutatingWebhookConfiguration');
  const validating = new Hooks('ValidatingWebhookConfiguration');
  return {
    plugins: [mutatingWebhooks(mutating, client), validatingWebhooks(validating, client)],
    attach(observe) {
      const stops = [mutating.follow(observe), validating.follow(observe)];
      return () => stops.forEach((stop) => stop());
    },
  };
}
