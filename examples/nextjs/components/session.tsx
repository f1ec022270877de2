"use client";

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useEffect, useState } from "react";
import { type Api, createApi } from "@/lib/api";
import { authClient } from "@/lib/auth-client";
import { SessionChangedError } from "@/lib/errors";

const ApiContext = createContext<Api | undefined>(undefined);

/** The API with the tokens of the page's user. */
export function useApi(): Api {
  const api = use(ApiContext);
  if (!api) throw new Error("useApi() is called outside of <Session>");
  return api;
}

/**
 * Everything that belongs to one user: the cached tasks and the API. Both are in the state and not in a module, because on the server a module variable
 * would show the tasks of one user to another.
 */
export function Session({ userId, children }: { userId: string; children: ReactNode }) {
  const [client] = useState(makeQueryClient);
  const [api] = useState(() => createApi(userId));
  // Better Auth's client reads the session again when another tab signs out, and when this tab becomes visible. token.ts notices the rest.
  const { data, error, isPending } = authClient.useSession();
  const hasChanged = !isPending && !error && data?.user.id !== userId;
  useEffect(() => {
    if (hasChanged) location.reload();
  }, [hasChanged]);
  return (
    <QueryClientProvider client={client}>
      <ApiContext value={api}>{children}</ApiContext>
    </QueryClientProvider>
  );
}

function makeQueryClient() {
  return new QueryClient({
    queryCache: new QueryCache({ onError: reloadIfChanged }),
    mutationCache: new MutationCache({ onError: reloadIfChanged }),
    defaultOptions: {
      queries: {
        // The list of the server's HTML is fresh, so that the browser does not read it again at once.
        staleTime: 5000,
        // A user who returns to this tab may have changed tasks in another one.
        refetchOnWindowFocus: "always",
        // Without a network, a request fails and says so. The default waits silently, and closing the page loses the change.
        networkMode: "always",
        // The user reads the error at once. useTasks() repeats the request.
        retry: false,
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** The reload clears the token and the tasks of the former user, which are in memory only. */
function reloadIfChanged(error: unknown) {
  if (error instanceof SessionChangedError) location.reload();
}
