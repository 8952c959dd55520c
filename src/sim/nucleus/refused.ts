/**
 * What a nucleus refuses, with the reason for people. Thrown, where the rest of this code gives failures as values: every
 * step of a deployment ends the deployment with it, and it is caught in one place.
 */
export class Refused extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'Refused';
  }
}
