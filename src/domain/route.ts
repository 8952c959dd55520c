/** The buses of a device: the MQTT broker of its configuration, Greengrass's local pub/sub, and AWS IoT Core through Greengrass. */
export const ROUTES = ['mqtt', 'local', 'iotcore'] as const;
export type Route = (typeof ROUTES)[number];

export type RoutedTopic = {
  /** Undefined: the device's own choice, as nothing was written before the topic. */
  readonly route: Route | undefined;
  /** As the bus knows it. */
  readonly topic: string;
};

/** Takes a topic, filter or template apart that may begin with `local:`, `iotcore:` or `mqtt:`. */
export function splitRoute(written: string): RoutedTopic {
  const route = ROUTES.find((name) => written.startsWith(`${name}:`));
  return { route, topic: route === undefined ? written : written.slice(route.length + 1) };
}

/** Puts the bus before a topic. */
export function joinRoute(route: Route, topic: string): string {
  return `${route}:${topic}`;
}
