import { betterAuth } from "better-auth";
import { jwt } from "better-auth/plugins";
import { database } from "./database";

/** Better Auth. The plugin jwt() signs the tokens that the API accepts, and publishes its keys at /api/auth/jwks. */
export const auth = betterAuth({
  database,
  emailAndPassword: { enabled: true },
  plugins: [jwt()],
});
