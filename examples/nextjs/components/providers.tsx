"use client";

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { SignedOutError, UnavailableError, isTransient } from "@/lib/errors";

export function Providers({ children }: { children: ReactNode }) {
  // In the state and not in a module: on the server, a module variable would show the tasks of one user to another.
  const [client] = useState(makeQueryClient);
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}

function makeQueryClient() {
  return new QueryClient({
    // The end of the session leads to the login, and from there back to this page.
    queryCache: new QueryCache({ onError: leaveIfSignedOut }),
    mutationCache: new MutationCache({ onError: leaveIfSignedOut }),
    defaultOptions: {
      queries: {
        // The list of the server's HTML is fresh, so that the browser does not read it again at once.
        staleTime: 5000,
        // A user who returns to this tab may have changed tasks in another one.
        refetchOnWindowFocus: "always",
        retry: (count, error) => count < 1 && isTransient(error),
        retryDelay: (_, error) => (error instanceof UnavailableError ? error.retryAfter * 1000 : 1000),
      },
    },
  });
}

function leaveIfSignedOut(error: unknown) {
  if (!(error instanceof SignedOutError)) return;
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}
