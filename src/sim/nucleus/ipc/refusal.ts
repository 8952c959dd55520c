import type { JsonValue } from '../services.ts';

/** Errors of the IPC that its clients know as types. */
export type ErrorShape =
  | 'ComponentNotFoundError'
  | 'ConflictError'
  | 'FailedUpdateConditionCheckError'
  | 'InvalidArgumentsError'
  | 'InvalidTokenError'
  | 'ResourceNotFoundError'
  | 'ServiceError'
  | 'UnauthorizedError';

/** What an operation answers that was not done. */
export class Refusal {
  readonly shape: ErrorShape;
  /** Undefined: the nucleus gives no reason. */
  readonly message: string | undefined;
  /** Further fields of the shape, such as `resourceName`. */
  readonly fields: Readonly<Record<string, JsonValue>>;

  constructor(shape: ErrorShape, message?: string, fields: Readonly<Record<string, JsonValue>> = {}) {
    this.shape = shape;
    this.message = message;
    this.fields = fields;
  }
}
