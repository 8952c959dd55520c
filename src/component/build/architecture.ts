/** Architectures that agents are built for, by their names in Node and npm. */
export const ARCHITECTURES = ['x64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];
