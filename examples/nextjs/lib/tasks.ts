import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Filter, type Task, api, listTasks, unwrap } from "./api";
import { ApiError, UnavailableError, isTransient } from "./errors";

/** Milliseconds between two attempts to read the list while the server is unavailable. */
const RETRY_INTERVAL = 3000;

export const tasksKey = (filter: Filter) => ["tasks", filter] as const;

/** The list. While the server is unavailable, the last list stays visible and the query repeats itself. */
export function useTasks(filter: Filter) {
  return useQuery({
    queryKey: tasksKey(filter),
    queryFn: ({ signal }) => listTasks(api, filter, signal),
    placeholderData: (previous) => previous,
    refetchInterval: ({ state }) => (isTransient(state.error) ? RETRY_INTERVAL : false),
  });
}

/** A change of one task: what the lists show until the response arrives, and the request. */
interface Change {
  before?: Task;
  /** `undefined` deletes the task. */
  after?: Task;
  request: () => Promise<Task | undefined>;
}

/**
 * Applies a change to all lists immediately. The server's task replaces it on success, and the former task on failure. A repeatable change has the
 * same effect when it is sent twice, so it is sent again after a 503, when the server asks for it.
 */
function useChange({ repeatable }: { repeatable: boolean }) {
  const client = useQueryClient();
  return useMutation({
    mutationKey: ["tasks"],
    mutationFn: ({ request }: Change) => request(),
    onMutate: async ({ before, after }) => {
      // A list that is on its way does not have the change and would overwrite it.
      await client.cancelQueries({ queryKey: ["tasks"] });
      replaceInLists(client, before, after);
    },
    onSuccess: (task, { after }) => replaceInLists(client, after, task),
    onError: (error, { before, after }) => {
      // With status 404 another tab or device has deleted the task.
      const isGone = error instanceof ApiError && error.status === 404;
      replaceInLists(client, after ?? before, isGone ? undefined : before);
    },
    onSettled: () => {
      // Only the last of several changes reads the lists again. Earlier responses would not have the later changes.
      if (client.isMutating({ mutationKey: ["tasks"] }) === 1) void client.invalidateQueries({ queryKey: ["tasks"] });
    },
    retry: (count, error) => repeatable && count < 2 && error instanceof UnavailableError,
    retryDelay: (_, error) => (error instanceof UnavailableError ? error.retryAfter * 1000 : 0),
  });
}

export function useCreateTask() {
  const change = useChange({ repeatable: false });
  const create = (title: string, description: string | null) => {
    const now = new Date().toISOString();
    // A negative id, because the server assigns the positive ones.
    const after: Task = { id: -Date.now(), user_id: "", title, description, completed: false, created_at: now, updated_at: now };
    return change.mutateAsync({ after, request: () => unwrap(api.POST("/api/tasks", { body: { title, description } })) });
  };
  return { ...change, create };
}

/** Changes of an existing task. Each sets values instead of toggling them, so that a repetition changes nothing. */
export function useTask(before: Task) {
  const change = useChange({ repeatable: true });
  const params = { path: { id: before.id } };
  const update = (body: Partial<Pick<Task, "title" | "description" | "completed">>) =>
    change.mutateAsync({ before, after: { ...before, ...body }, request: () => unwrap(api.PATCH("/api/tasks/{id}", { params, body })) });
  const remove = () =>
    change.mutateAsync({
      before,
      request: async () => {
        await unwrap(api.DELETE("/api/tasks/{id}", { params }));
        return undefined;
      },
    });
  return { ...change, update, remove };
}

/** Replaces a task in every cached list. A list gets the new task only if it matches the list's filter, at its place in the list's order. */
function replaceInLists(client: QueryClient, before: Task | undefined, after: Task | undefined) {
  for (const [key, list] of client.getQueriesData<Task[]>({ queryKey: ["tasks"] })) {
    if (!list) continue;
    const { status, order } = key[1] as Filter;
    const others = list.filter(({ id }) => id !== before?.id && id !== after?.id);
    if (after && (status === "all" || after.completed === (status === "completed"))) {
      const direction = order === "asc" ? 1 : -1;
      others.push(after);
      others.sort((a, b) => direction * (a.created_at.localeCompare(b.created_at) || Math.abs(a.id) - Math.abs(b.id)));
    }
    client.setQueryData(key, others);
  }
}
