import type { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import type { Clock } from '../../ports/clock.ts';
import { type Parting, Relay } from './relay.ts';

/** The SDK's client, as far as it is public. */
export type IpcClient = Pick<greengrasscoreipc.Client, keyof greengrasscoreipc.Client>;

export type IpcAddress = {
  /** AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT */
  readonly socketPath: string;
  /** SVCUID */
  readonly token: string;
};

/** A client that is not connected yet. */
export type MadeClient = {
  readonly client: IpcClient;
  /** Frees what was made around the client; called after its `close`. `unused`: it was never connected. */
  readonly release: (unused: boolean) => void;
  /** Resolves when the nucleus has ended the connection: the client does not learn it, and has to be closed (see Relay). */
  readonly lost?: Promise<Parting>;
};

export type MakeClient = (needs: IpcAddress & { readonly clock: Clock }) => Promise<MadeClient>;

/**
 * Makes a client of the AWS SDK. It is loaded with the first one, and only its Greengrass part: outside Greengrass
 * nobody pays for it, and the whole package would take 10 MB more. Rejects when the nucleus is not there.
 */
export async function makeSdkClient(needs: IpcAddress & { readonly clock: Clock }): Promise<MadeClient> {
  // By its default: the package is CommonJS, and in a bundle its names are not known.
  const { default: sdk } = await import('aws-iot-device-sdk-v2/dist/greengrasscoreipc.js');
  const relay = await Relay.open(needs.socketPath, needs.clock);
  const client = sdk.createClient({
    ...sdk.createDefaultClientConfig(),
    hostName: relay.path,
    connectTransform: async ({ message }) => {
      relay.settled();
      return { ...message, payload: JSON.stringify({ authToken: needs.token }) };
    },
  });
  return { client, release: (unused) => relay.close(unused), lost: relay.lost };
}
