import { createAuthClient } from "better-auth/react";
import { jwtClient } from "better-auth/client/plugins";

/** Better Auth's client. It calls /api/auth of the page's own origin, in every deployment. */
export const authClient = createAuthClient({ plugins: [jwtClient()] });
