import type { NextConfig } from "next";

const authUrl = process.env.AUTH_URL;

const config: NextConfig = {
  // The container needs .next/standalone and .next/static only, not node_modules.
  output: "standalone",
  poweredByHeader: false,
  agentRules: false,
  turbopack: { root: import.meta.dirname },
  // Without its own Better Auth the app forwards /api/auth, so that the session cookie belongs to this origin: it is never a third-party cookie,
  // and server components receive it. In production the reverse proxy does this.
  rewrites: async () => ({
    beforeFiles: authUrl ? [{ source: "/api/auth/:path*", destination: `${authUrl}/api/auth/:path*` }] : [],
  }),
};

export default config;
