// Settings that one value of another setting requires: credentials, which have no effect without it.

import { isSet, type Environment, type Source } from './reader.js';
import type { SettingName } from './settings.js';

/** By value. Of an inner list exactly one setting is required. */
type Requirements = Readonly<Record<string, readonly (SettingName | readonly SettingName[])[]>>;

export const REQUIREMENTS: Readonly<Record<string, Requirements>> = {
  SCALEOPS_AUTH: {
    token: [['SCALEOPS_TOKEN', 'SCALEOPS_TOKEN_FILE']],
    login: ['SCALEOPS_USERNAME', 'SCALEOPS_PASSWORD'],
    azure: ['SCALEOPS_AZURE_TENANT_ID', 'SCALEOPS_AZURE_CLIENT_ID', 'SCALEOPS_AZURE_CLIENT_SECRET'],
  },
  GATEWAY_AUTH: {
    'api-key': [['GATEWAY_API_KEYS', 'GATEWAY_API_KEYS_FILE']],
    jwt: ['GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE', 'GATEWAY_JWT_JWKS_URL'],
  },
};

/** Adds a problem for each setting that `value` of `name` requires and that is not set. */
export function checkRequirements({ env, problems }: Source, name: SettingName, value: string): void {
  for (const required of REQUIREMENTS[name]?.[value] ?? []) {
    const names = [required].flat();
    const count = names.filter((each) => isSet(env, each)).length;
    if (count === 0) problems.push(`${names.join(' or ')} must be set with ${name}=${value}.`);
    if (count > 1) problems.push(`${names.join(' and ')} exclude each other.`);
  }
}

/** Warnings about settings that are set, and that only other values of `name` require. */
export function findUnused(env: Environment, name: SettingName, value: string): string[] {
  return Object.entries(REQUIREMENTS[name] ?? {}).flatMap(([other, required]) =>
    required
      .flat()
      .filter((each) => other !== value && isSet(env, each))
      .map((each) => `${each} has no effect without ${name}=${other}.`),
  );
}
