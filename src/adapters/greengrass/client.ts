import type { greengrasscoreipc } from 'aws-iot-device-sdk-v2';

/** The SDK's client, as far as it is public. */
export type IpcClient = Pick<greengrasscoreipc.Client, keyof greengrasscoreipc.Client>;

export type IpcAddress = {
  /** AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT */
  readonly socketPath: string;
  /** SVCUID */
  readonly token: string;
};

export type MakeClient = (address: IpcAddress) => Promise<IpcClient>;

/**
 * Makes a client of the AWS SDK. It is loaded with the first one, and only its Greengrass part: outside Greengrass
 * nobody pays for it, and the whole package would take 10 MB more.
 */
export async function makeSdkClient({ socketPath, token }: IpcAddress): Promise<IpcClient> {
  const { createClient, createDefaultClientConfig } = await import('aws-iot-device-sdk-v2/dist/greengrasscoreipc.js');
  return createClient({
    ...createDefaultClientConfig(),
    hostName: socketPath,
    connectTransform: async ({ message }) => ({ ...message, payload: JSON.stringify({ authToken: token }) }),
  });
}
