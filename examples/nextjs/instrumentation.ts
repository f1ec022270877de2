/**
 * Creates Better Auth's tables when the server starts, so that neither development nor a container needs a separate step. Next.js calls it once.
 * With several replicas, run it in a job before the rollout instead.
 */
export async function register() {
  if (process.env.NEXT_RUNTIME !== "nodejs" || process.env.AUTH_URL) return;
  const [{ getMigrations }, { auth }] = await Promise.all([import("better-auth/db/migration"), import("./lib/auth")]);
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
}
