// Better Auth 1.6, which issues tokens to third parties by itself (`oidcProvider`) or with its own release of the provider.
export { oauthProvider } from "@better-auth/oauth-provider";
export { betterAuth } from "better-auth";
export { memoryAdapter } from "better-auth/adapters/memory";
export { getMigrations } from "better-auth/db/migration";
export { toNodeHandler } from "better-auth/node";
export { bearer, jwt, oidcProvider } from "better-auth/plugins";
