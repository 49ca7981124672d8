// The parts of aggregation in one server, and their start: the remote services, whether they are available, and the
// objects of what is answered here. Upstream: kube-aggregator/pkg/apiserver/apiserver.go.
import type { KubeObject, ResourceType } from '../../../api/types.ts';
import type { Server } from '../context.ts';
import type { AggregationOptions } from '../types.ts';
import { AutoRegistration } from './autoregister.ts';
import { AvailabilityController } from './availability.ts';
import { ApiServices, RemoteServices } from './remote.ts';

export class Aggregator {
  readonly options: AggregationOptions;
  readonly remotes = new RemoteServices();

  constructor(options: AggregationOptions) {
    this.options = options;
  }

  /** `observe` is ApiServer's; until the server closes. */
  start(
    server: Server,
    observe: <T extends KubeObject>(
      type: ResourceType<T>,
      onChange: (object: T | undefined, old: T | undefined) => void,
    ) => () => void,
  ): void {
    const stops = [
      observe(ApiServices, (object, old) => (object ? this.remotes.put(object) : old && this.remotes.remove(old))),
      new AvailabilityController(server).start(observe as never),
    ];
    if (this.options.registerLocal !== false) {
      stops.push(
        new AutoRegistration(server).start((wake) =>
          observe(ApiServices, (object) => void (object === undefined && wake())),
        ),
      );
    }
    server.closing.addEventListener('abort', () => stops.forEach((stop) => stop()), { once: true });
  }
}
