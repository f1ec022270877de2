"use client";

import { useEffect } from "react";
import { authClient } from "@/lib/auth-client";

/**
 * Reloads the page if another tab has signed out or signed in as another user. Better Auth's client notices both. The reload clears the token and the
 * cached tasks of the former user, which are in memory only.
 */
export function SessionWatch({ userId }: { userId: string }) {
  const { data, error, isPending } = authClient.useSession();
  const hasChanged = !isPending && !error && data?.user.id !== userId;
  useEffect(() => {
    if (hasChanged) location.reload();
  }, [hasChanged]);
  return null;
}
