export type Who = 'NONE' | 'OWNER' | 'ALL';

/** Rights of an artifact, the same on both nuclei (Permission.java): the group has what the owner has. */
export function fileMode(read: Who, execute: Who): number {
  let mode = 0o400;
  if (execute !== 'NONE') mode |= 0o110;
  if (read !== 'NONE' || execute !== 'NONE') mode |= 0o040;
  if (read === 'ALL' || execute === 'ALL') mode |= 0o004;
  if (execute === 'ALL') mode |= 0o001;
  return mode;
}
