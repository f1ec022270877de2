import { type QueryClient, useMutation, useMutationState, useQuery, useQueryClient } from "@tanstack/react-query";
import { useApi } from "@/components/session";
import { type Filter, type Task, listTasks, unwrap } from "./api";
import { ApiError, TransientError, UnavailableError } from "./errors";

export const tasksKey = (filter: Filter) => ["tasks", filter] as const;

/** A change of one task. The cached lists have only what the server said, and pages show pending changes over them. So a failed change needs no
 * undo, which would take back the changes that follow it as well. */
interface Change {
  /** The task before the change, or a new task. */
  task: Task;
  /** The new values, or `undefined` to delete the task. */
  patch?: Partial<Task>;
  request: () => Promise<Task | undefined>;
  /** The server's task, which takes the place of the patch. */
  result?: Task;
}

/** The list with the pending changes. While the server is unavailable, the last list stays visible and the query repeats itself. */
export function useTasks(filter: Filter) {
  const api = useApi();
  const client = useQueryClient();
  const query = useQuery({
    queryKey: tasksKey(filter),
    queryFn: ({ signal }) => listTasks(api, filter, signal),
    // Until the first response of a filter, its list has the known tasks. A query without data would forget its error at each attempt.
    initialData: () => knownTasks(client, filter),
    initialDataUpdatedAt: 0,
    refetchInterval: ({ state: { error } }) => error instanceof TransientError && error.retryAfter * 1000,
  });
  const pending = useMutationState({
    filters: { mutationKey: ["tasks"], status: "pending" },
    select: ({ state }) => state.variables as Change,
  });
  const tasks = pending.reduce((list, change) => applyChange(list, change, filter), query.data);
  return { tasks, error: query.error, isFetching: query.isFetching, isKnown: query.dataUpdatedAt > 0 };
}

function useChange(taskId?: number) {
  const client = useQueryClient();
  const isRepeatable = taskId !== undefined;
  return useMutation({
    mutationKey: ["tasks"],
    // Changes of one task are sent one after the other. Otherwise the network could exchange them, and the older one would win.
    scope: isRepeatable ? { id: `task-${taskId}` } : undefined,
    mutationFn: ({ request }: Change) => request(),
    onSuccess: async (task, change) => {
      change.result = task;
      // A list that is on its way may not have the change and would overwrite it.
      await client.cancelQueries({ queryKey: ["tasks"] });
      for (const [key, list] of client.getQueriesData<Task[]>({ queryKey: ["tasks"] })) {
        if (list) client.setQueryData(key, applyChange(list, change, key[1] as Filter));
      }
    },
    onSettled: () => {
      // Only the last of several changes reads the lists again. Earlier responses would not have the later changes.
      if (client.isMutating({ mutationKey: ["tasks"] }) === 1) void client.invalidateQueries({ queryKey: ["tasks"] });
    },
    // After a 503 a change that sets values is sent again. A new task is not, because the first attempt may have stored it. A longer wait is up to
    // the user, who reads the error.
    retry: (count, error) => isRepeatable && count < 2 && error instanceof UnavailableError && error.retryAfter <= 5,
    retryDelay: (_, error) => (error instanceof TransientError ? error.retryAfter * 1000 : 0),
  });
}

export function useCreateTask() {
  const api = useApi();
  const change = useChange();
  const create = (title: string, description: string | null) => {
    const now = new Date().toISOString();
    // A negative id, because the server assigns the positive ones.
    const task: Task = { id: -Date.now(), user_id: "", title, description, completed: false, created_at: now, updated_at: now };
    return change.mutateAsync({ task, patch: {}, request: () => unwrap(api.POST("/api/tasks", { body: { title, description } })) });
  };
  return { ...change, create };
}

/** Changes of an existing task. Each sets values instead of toggling them, so that a repetition changes nothing. */
export function useTask(task: Task) {
  const api = useApi();
  const change = useChange(task.id);
  const params = { path: { id: task.id } };
  const update = (patch: Partial<Pick<Task, "title" | "description" | "completed">>) =>
    change.mutateAsync({ task, patch, request: () => unwrap(api.PATCH("/api/tasks/{id}", { params, body: patch })) });
  const remove = () =>
    change.mutateAsync({
      task,
      request: () =>
        unwrap(api.DELETE("/api/tasks/{id}", { params })).catch((error) => {
          // The task is gone, as the user wanted: another tab has deleted it, or an attempt whose response was lost.
          if (!(error instanceof ApiError && error.status === 404)) throw error;
          return undefined;
        }),
    });
  return { ...change, update, remove };
}

/** The list with the change. It gets the task only if that matches the list's filter. */
function applyChange(list: Task[], { task, patch, result }: Change, filter: Filter): Task[] {
  const known = list.find(({ id }) => id === task.id) ?? task;
  const changed = result ?? (patch && { ...known, ...patch });
  const others = list.filter(({ id }) => id !== task.id && id !== result?.id);
  return changed ? matching([...others, changed], filter) : others;
}

/** The tasks of all cached lists that match the filter. */
function knownTasks(client: QueryClient, filter: Filter): Task[] {
  const lists = client.getQueriesData<Task[]>({ queryKey: ["tasks"] });
  const byId = new Map(lists.flatMap(([, list]) => list ?? []).map((task) => [task.id, task]));
  return matching([...byId.values()], filter);
}

/** The tasks that the API returns for the filter, in its order. */
function matching(tasks: Task[], { status, order }: Filter): Task[] {
  const direction = order === "asc" ? 1 : -1;
  return tasks
    .filter(({ completed }) => status === "all" || completed === (status === "completed"))
    .sort((a, b) => direction * (a.created_at.localeCompare(b.created_at) || Math.abs(a.id) - Math.abs(b.id)));
}
