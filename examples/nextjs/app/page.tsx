import { HydrationBoundary, QueryClient, dehydrate } from "@tanstack/react-query";
import { redirect } from "next/navigation";
import { SessionWatch } from "@/components/session-watch";
import { TaskList } from "@/components/task-list";
import { listTasks } from "@/lib/api";
import { parseFilter } from "@/lib/filter";
import { getSession } from "@/lib/server";
import { tasksKey } from "@/lib/tasks";

/** The list. The server reads it with the user's token, so that the first HTML has the tasks. If that fails, the browser tries again. */
export default async function Page({ searchParams }: PageProps<"/">) {
  const session = await getSession();
  if (!session) redirect("/login");
  const { status, order } = await searchParams;
  const filter = parseFilter(String(status), String(order));
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  await queries.prefetchQuery({ queryKey: tasksKey(filter), queryFn: () => listTasks(session.api, filter) });
  return (
    <HydrationBoundary state={dehydrate(queries)}>
      <SessionWatch userId={session.user.sub} />
      <TaskList userName={session.user.name || session.user.email} />
    </HydrationBoundary>
  );
}
