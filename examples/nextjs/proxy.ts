import { type NextRequest, NextResponse } from "next/server";
import { apiUrl, isBuiltInAuth } from "./lib/environment";

const isDevelopment = process.env.NODE_ENV === "development";
const browserApiUrl = process.env.NEXT_PUBLIC_API_URL;

/**
 * Adds the security headers to pages. The content security policy allows only scripts with the nonce of this response, so that injected markup
 * cannot run code and read the token. Next.js reads the nonce from the request's header and adds it to its scripts.
 */
export function proxy(request: NextRequest) {
  const { pathname, search } = request.nextUrl;
  if (pathname.startsWith("/api/auth/")) return forwardAuth(pathname + search);
  const nonce = btoa(crypto.randomUUID());
  const policy = [
    "default-src 'none'",
    // React's development build evaluates code to show the stacks of the server, and the development server injects styles.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ""}`,
    `style-src 'self'${isDevelopment ? " 'unsafe-inline'" : ""}`,
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${browserApiUrl ? ` ${new URL(browserApiUrl).origin}` : ""}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  response.headers.set("Referrer-Policy", "same-origin");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

/**
 * Without its own Better Auth the app forwards /api/auth to the API, so that the session cookie belongs to this origin: it is never a third-party
 * cookie, and server components receive it. In production the reverse proxy does this.
 */
function forwardAuth(path: string) {
  return isBuiltInAuth ? NextResponse.rewrite(new URL(path, apiUrl)) : NextResponse.next();
}

export const config = { matcher: ["/api/auth/:path*", "/((?!api/|_next/).*)"] };
