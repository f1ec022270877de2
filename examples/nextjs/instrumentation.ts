import { isBuiltInAuth } from "./lib/environment";

/**
 * Creates Better Auth's tables when the server starts, so that neither development nor a container needs a separate step. Next.js calls it once.
 * With several replicas, run it in a job before the rollout instead.
 */
export async function register() {
  if (process.env.NEXT_RUNTIME !== "nodejs" || isBuiltInAuth) return;
  const [{ getMigrations }, { auth }] = await Promise.all([import("better-auth/db/migration"), import("./lib/auth")]);
  for (;;) {
    try {
      const { runMigrations } = await getMigrations(auth.options);
      return await runMigrations();
    } catch (error) {
      // The database may start later than the app. Next.js keeps a failure, and then every page is a 500 until a restart.
      console.error("Better Auth's tables cannot be created; trying again:", error);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}
