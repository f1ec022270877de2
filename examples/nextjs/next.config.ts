import type { NextConfig } from "next";

const config: NextConfig = {
  // The container needs .next/standalone only, not node_modules.
  output: "standalone",
  poweredByHeader: false,
  agentRules: false,
  turbopack: { root: import.meta.dirname },
};

export default config;
