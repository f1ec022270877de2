import { HydrationBoundary, QueryClient, dehydrate } from "@tanstack/react-query";
import { redirect } from "next/navigation";
import { Session } from "@/components/session";
import { TaskList } from "@/components/task-list";
import { type Filter, listTasks } from "@/lib/api";
import { getSession } from "@/lib/server";
import { tasksKey } from "@/lib/tasks";

/** The list. The server reads it with the user's token, so that the first HTML has the tasks. If that fails, the browser tries again. */
export default async function Page({ searchParams }: PageProps<"/">) {
  const { status, order } = await searchParams;
  // Unknown values are the defaults, because users edit URLs.
  const filter: Filter = { status: status === "pending" || status === "completed" ? status : "all", order: order === "asc" ? "asc" : "desc" };
  const session = await getSession();
  // With the filter of the link that led here.
  if (!session) redirect(status || order ? `/login?next=${encodeURIComponent(`/?${new URLSearchParams(filter)}`)}` : "/login");
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const queryFn = () => listTasks(session.api, filter, AbortSignal.timeout(5000));
  await queries.prefetchQuery({ queryKey: tasksKey(filter), queryFn });
  // The key: another user's page keeps nothing of this user's.
  return (
    <Session key={session.user.sub} userId={session.user.sub}>
      <HydrationBoundary state={dehydrate(queries)}>
        <TaskList userName={session.user.name || session.user.email} initialFilter={filter} />
      </HydrationBoundary>
    </Session>
  );
}
