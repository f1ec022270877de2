// The newest Better Auth, and what issues tokens to third parties with it.
export { mcp } from "@better-auth/mcp";
export { oauthProvider } from "@better-auth/oauth-provider";
export { betterAuth } from "better-auth";
export { memoryAdapter } from "better-auth/adapters/memory";
export { getMigrations } from "better-auth/db/migration";
export { toNodeHandler } from "better-auth/node";
export { bearer, jwt } from "better-auth/plugins";
