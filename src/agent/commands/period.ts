const MAX_PERIOD_MS = 30 * 86_400_000;

/** ISO 8601 without years and months, whose length nobody knows. */
const ISO_PERIOD = /^P(?=\d|T\d)(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/;

/** Milliseconds of a period given as such or as an ISO 8601 duration; undefined unless 1 ms to 30 days. */
export function parsePeriod(period: number | string): number | undefined {
  const ms = typeof period === 'number' ? period : fromIso(period);
  return ms !== undefined && ms >= 1 && ms <= MAX_PERIOD_MS ? ms : undefined;
}

function fromIso(text: string): number | undefined {
  const match = ISO_PERIOD.exec(text);
  if (match === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
