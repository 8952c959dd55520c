import { EdgeError, fail, ok, type Result, toFailure } from '../../domain/errors.ts';
import { ControlServer } from './control-server.ts';
import type { DeploymentDocument, DeploymentResult } from './document.ts';
import { IotCoreBroker } from './iot-core-broker.ts';
import type { Layout } from './layout.ts';
import { bridgeLoop, MqttBridge } from './mqtt-bridge.ts';
import { Nucleus } from './nucleus.ts';
import type { NucleusOptions } from './nucleus-options.ts';

export type SimulatedDeviceOptions = {
  readonly nucleus: Omit<NucleusOptions, 'brokerUrl'>;
  /** What stands for AWS IoT Core: the URL of one that runs, or the port for one of our own. */
  readonly broker: string | number;
  /** Filters of the bridge between the broker and the local pub/sub. */
  readonly inwards: readonly string[];
  readonly outwards: readonly string[];
};

export type StartedDevice = { readonly layout: Layout; readonly brokerUrl: string };

/** A core device with all that is around it: broker, nucleus, bridge, and the socket that deployments come by. */
export class SimulatedDevice {
  readonly #options: SimulatedDeviceOptions;
  readonly #iotCore = new IotCoreBroker();
  #nucleus: Nucleus | undefined;
  #bridge: MqttBridge | undefined;
  #control: ControlServer | undefined;

  constructor(options: SimulatedDeviceOptions) {
    this.#options = options;
  }

  /** After a failure, `stop` ends what had started. */
  async start(): Promise<Result<StartedDevice>> {
    const { inwards, outwards } = this.#options;
    const loop = bridgeLoop(inwards, outwards);
    if (loop !== undefined)
      return fail('E_USAGE', `what goes in by ${loop.inwards} would come out by ${loop.outwards}`);
    try {
      const broker = await this.#startBroker();
      if (!broker.ok) return broker;
      const brokerUrl = broker.value;
      const nucleus = new Nucleus({ ...this.#options.nucleus, brokerUrl });
      this.#nucleus = nucleus;
      this.#bridge = new MqttBridge({ broker: brokerUrl, pubsub: nucleus.pubsub, inwards, outwards });
      const bridged = await this.#bridge.start().then(
        () => ok(undefined),
        (cause: Error) => fail('E_BUS_UNREACHABLE', `${new URL(brokerUrl).host}: ${cause.message}`, cause),
      );
      if (!bridged.ok) return bridged;
      await nucleus.start();
      this.#control = new ControlServer(nucleus.layout.controlSocket, nucleus.deploy.bind(nucleus));
      await this.#control.start();
      return ok({ layout: nucleus.layout, brokerUrl });
    } catch (thrown) {
      if (thrown instanceof EdgeError) return { ok: false, error: toFailure(thrown) };
      throw thrown;
    }
  }

  /** As `simulate deploy` does by the socket. Resolves when the deployment has ended; rejects when the device stops before. */
  deploy(document: DeploymentDocument): Promise<DeploymentResult> {
    if (this.#nucleus === undefined) throw new Error('the device was not started');
    return this.#nucleus.deploy(document);
  }

  /** No deployment comes any more, then the components end, who may still have something to say, then what carries it. Idempotent. */
  async stop(): Promise<void> {
    await this.#control?.stop();
    try {
      await this.#nucleus?.stop();
    } finally {
      await this.#bridge?.stop();
      await this.#iotCore.stop();
    }
  }

  async #startBroker(): Promise<Result<string>> {
    const { broker } = this.#options;
    if (typeof broker === 'string') return ok(broker);
    try {
      return ok(await this.#iotCore.start(broker));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
      return fail('E_PORT_IN_USE', `127.0.0.1:${broker} is taken`, cause);
    }
  }
}
